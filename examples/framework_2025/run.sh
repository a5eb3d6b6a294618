# Four records of the nine questions, one of the new ones; an inspection of each.
peelflow import . --register northshire.db
# Under the national rules alone the inspection of the new questions verifies nothing of the old ones: nobody mapped them.
peelflow plan --on 2025-06-02 --register northshire.db
# The force's own file says what succeeds what. It maps nothing to questions 1 to 4, and leaves one open record so.
peelflow check rules --register northshire.db
# By its mapping both inspections find their records.
peelflow plan --on 2025-06-02 --register northshire.db --rules rules
# What would become of each question, before anything is written.
peelflow remap northshire_2025 --dry-run --on 2025-06-02 --register northshire.db --rules rules || test $? -eq 1
# The force did not set these questions, and may not move them.
peelflow remap northshire_2025 --dry-run --on 2025-06-02 --actor northshire-officer --actor-role liaison_officer --reason "the new framework" --register northshire.db --rules rules || test $? -eq 1
# HMICFRS agreed by letter, and the officer records it. What nobody mapped stays as it is.
peelflow remap northshire_2025 --apply --on 2025-06-02 --actor portal --actor-role hmicfrs --recorded-by northshire-officer --source "letter 30/5/2025" --reason "the new framework" --register northshire.db --rules rules || test $? -eq 1
peelflow list --columns record,issued,question,question_set,title --register northshire.db --rules rules
peelflow show NS-1 --register northshire.db --rules rules
peelflow verify --register northshire.db --rules rules
