# A set of the force's own: nothing to find in it, and every question of the nine has a successor.
peelflow check rules
peelflow import . --register southshire.db --rules rules
# The tenth question is asked of this force alone, and there is no eleventh.
peelflow add SS-READY-11 --category peel_readiness --force southshire --issued 2023-09-11 --field question=11 --actor southshire-officer --actor-role liaison_officer --register southshire.db --rules rules || test $? -eq 2
peelflow add NS-READY-10 --category peel_readiness --force northshire --issued 2023-09-11 --field question=10 --actor northshire-officer --actor-role liaison_officer --register southshire.db --rules rules || test $? -eq 2
# An inspection of the tenth is relevant to what was issued under the fifth of nine; one of the fifth of nine to both.
peelflow plan --on 2023-10-02 --register southshire.db --rules rules
# The fifth of nine is two of the ten by now: which of them a record is, somebody says. The mapping does not.
peelflow remap southshire_ten --dry-run --on 2023-10-02 --register southshire.db --rules rules || test $? -eq 1
peelflow amend SS-1 question 10 --actor portal --actor-role hmicfrs --recorded-by southshire-officer --source "letter 5/10/2023" --on 2023-10-05 --reason "it is about organised crime" --register southshire.db --rules rules
peelflow amend SS-1 question_set southshire_ten --actor portal --actor-role hmicfrs --recorded-by southshire-officer --source "letter 5/10/2023" --on 2023-10-05 --reason "it is about organised crime" --register southshire.db --rules rules
peelflow list --columns record,issued,question,question_set,title --register southshire.db --rules rules
# Figures know nothing of questions, so none of them moved; by question they tell them apart.
peelflow figures --by question --as-at 2023-10-31 --register southshire.db --rules rules
peelflow verify --register southshire.db --rules rules
