# A roads unit of two forces: Northshire leads it, Eastshire shares it.
peelflow import . --register joint.db
# Its records count once in the figures of each force, and once in those of both.
peelflow figures --by force --register joint.db
peelflow figures --by category --force northshire --register joint.db
peelflow figures --by category --force eastshire --register joint.db
# What a register for one force sees: its own records and the joint ones. The lead force acts on these.
PEELFLOW_FORCE=eastshire peelflow list --columns record,level,force,state,title --register joint.db
PEELFLOW_FORCE=eastshire peelflow amend JU-R-1 owner unit-lead-2 --reason "A new lead" --on 2023-04-03 --actor eastshire-officer --actor-role liaison_officer --register joint.db || test $? -eq 2
PEELFLOW_FORCE=northshire peelflow amend JU-R-1 owner unit-lead-2 --reason "A new lead" --on 2023-04-03 --actor northshire-officer --actor-role liaison_officer --register joint.db
# The forces agree that the persons of both act. The letter stays the lead force's.
peelflow joint JU-COC-1 --with eastshire --acts any --reason "Agreement of both forces, clause 9" --on 2023-04-17 --actor northshire-officer --actor-role liaison_officer --register joint.db
PEELFLOW_FORCE=eastshire peelflow fire JU-R-1 close --on 2023-05-15 --document letters/JU-R-1.txt --signed-by northshire-chief --signed-on 2023-05-12 --actor eastshire-deputy --actor-role nominated_deputy --recorded-by eastshire-officer --register joint.db
# One history, whoever wrote it; and what moved, as each force counts it.
peelflow show JU-R-1 --register joint.db
PEELFLOW_FORCE=eastshire peelflow movement --after 2023-03-31 --until 2023-06-30 --register joint.db
# Eastshire leaves the unit: it counts the records no more, and still reads what it counted before.
peelflow joint JU-COC-1 --reason "The agreement ended" --on 2023-09-01 --actor northshire-officer --actor-role liaison_officer --register joint.db
peelflow figures --by force --register joint.db
peelflow figures --by force --as-at 2023-08-31 --register joint.db
PEELFLOW_FORCE=eastshire peelflow figures --by category --as-at 2023-08-31 --register joint.db
PEELFLOW_FORCE=eastshire peelflow note JU-COC-1 "Taken up elsewhere" --on 2023-09-04 --actor eastshire-officer --actor-role liaison_officer --register joint.db || test $? -eq 2
peelflow verify --register joint.db
