# Two forces in Engage, one for eighteen months on three causes of concern.
peelflow import . --register engage.db
# Who was in Engage on a day: both, then one, then nobody.
peelflow engage --on 2023-06-30 --register engage.db
peelflow engage --on 2024-06-30 --register engage.db
peelflow engage --on 2024-09-30 --register engage.db
# The whole case as it ended, with what was still open on the day that the force left.
peelflow engage --on 2024-09-30 --gone --register engage.db
# The same of any day in any list, and the figures beside it.
peelflow list --category monitoring_phase --as-at 2023-10-31 --columns record,force,state,"noted on","last note" --register engage.db
peelflow figures --category cause_of_concern --by force --as-at 2023-10-31 --register engage.db
peelflow show NS-PHASE --register engage.db
peelflow list --category milestone --force northshire --columns record,state,due,title --register engage.db
peelflow verify --register engage.db
