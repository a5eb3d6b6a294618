"""StoreContract: every promise of a store, in one class to derive from."""

from __future__ import annotations

from peelflow.testing.contract.batches import Batches
from peelflow.testing.contract.chains import Chains
from peelflow.testing.contract.closing import Closing
from peelflow.testing.contract.crashes import Crashes
from peelflow.testing.contract.documents import Documents
from peelflow.testing.contract.feeds import Feeds
from peelflow.testing.contract.histories import Histories
from peelflow.testing.contract.keys import Keys
from peelflow.testing.contract.numbers import Numbers
from peelflow.testing.contract.processes import Processes
from peelflow.testing.contract.reading import Reading
from peelflow.testing.contract.texts import Texts
from peelflow.testing.contract.versions import Versions


class StoreContract(
    Batches,
    Numbers,
    Crashes,
    Histories,
    Feeds,
    Reading,
    Keys,
    Documents,
    Texts,
    Chains,
    Processes,
    Versions,
    Closing,
):
    """The promises S1 to S13; derive `Test…` from it and say where an empty store is.

    A promise that the store's `capabilities` do not claim is skipped by name. For example:

        class TestMine(StoreContract):
            @pytest.fixture
            def url(self, tmp_path):
                return f"mine:///{tmp_path}/register"

    Where the scheme is no entry point in `peelflow.stores`, name the `opener` too; to try S12 and
    a torn log, write `make_newer` and `log_of`.
    """
