# The book of a force in April 2025, under the rules as they are.
peelflow import . --register book.db
peelflow figures --as-at 2025-04-30 --register book.db
peelflow figures --as-at 2025-04-30 --ledger section_55 --register book.db
# Each new version is proved, and each plan; what the new framework maps to nothing is noted, with the open records it leaves.
PEELFLOW_NATIONAL=law peelflow check law/national law/versions --register book.db
# What each edit means, in words.
PEELFLOW_NATIONAL=law peelflow diff level-3@2 level-3@3 || test $? -eq 1
PEELFLOW_NATIONAL=law peelflow diff section-55@1 section-55@2 || test $? -eq 1
# The preview over the open book: what each plan would move, and what would then be in the way.
PEELFLOW_NATIONAL=law peelflow migrate law/versions/level-3-version-3.yaml --dry-run --on 2025-05-01 --register book.db
PEELFLOW_NATIONAL=law peelflow migrate law/versions/section-55-version-2.yaml --dry-run --on 2025-05-01 --register book.db
PEELFLOW_NATIONAL=law peelflow remap peel_2027 --dry-run --on 2025-05-01 --register book.db || test $? -eq 1
# The day comes: the records move.
PEELFLOW_NATIONAL=law peelflow migrate law/versions/level-3-version-3.yaml --apply --on 2025-05-01 --actor northshire-officer --actor-role liaison_officer --reason "the new rules" --register book.db
PEELFLOW_NATIONAL=law peelflow migrate law/versions/section-55-version-2.yaml --apply --on 2025-05-01 --actor northshire-officer --actor-role liaison_officer --reason "the end of commissioners" --register book.db
PEELFLOW_NATIONAL=law peelflow migrate law/versions/section-55-answer-version-2.yaml --apply --on 2025-05-01 --actor northshire-officer --actor-role liaison_officer --reason "the end of commissioners" --register book.db
PEELFLOW_NATIONAL=law peelflow migrate law/versions/super-complaint-recommendation-version-2.yaml --apply --on 2025-05-01 --actor northshire-officer --actor-role liaison_officer --reason "the end of commissioners" --register book.db
PEELFLOW_NATIONAL=law peelflow remap peel_2027 --apply --on 2025-05-01 --actor portal --actor-role hmicfrs --recorded-by northshire-officer --source "letter 1/5/2025" --reason "the new framework" --register book.db || test $? -eq 1
# Figures after: the same records, counted as before.
PEELFLOW_NATIONAL=law peelflow figures --as-at 2025-05-01 --register book.db
PEELFLOW_NATIONAL=law peelflow figures --as-at 2025-05-01 --ledger section_55 --register book.db
# From here the new rules hold: no letter without the report of an outside reader, and the board acts where the commissioner did.
PEELFLOW_NATIONAL=law peelflow why NS-1 self_certify --as chief_constable --by northshire-chief --on 2025-05-12 --register book.db || test $? -eq 1
PEELFLOW_NATIONAL=law peelflow why NS-S55 publish --as pcc --by commissioner --on 2025-05-12 --register book.db || test $? -eq 1
PEELFLOW_NATIONAL=law peelflow fire NS-S55 publish --actor northshire-board --actor-role policing_board --on 2025-05-12 --reason "the chief officer's comments did not come" --document papers/response.txt --kind response --register book.db
PEELFLOW_NATIONAL=law peelflow show NS-S55 --register book.db
PEELFLOW_NATIONAL=law peelflow verify --register book.db
# The change itself is a folder of YAML files; whoami says that it is tried.
PEELFLOW_NATIONAL=law peelflow whoami
