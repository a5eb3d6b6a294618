"""Give an application a machine of its own of a lifecycle, to attach models to, change and draw."""

from __future__ import annotations

from typing import Any, overload

from transitions.extensions.diagrams import GraphMachine

from peelflow.engine.machine import RuleMachine
from peelflow.model.rules import Lifecycle


class RuleGraphMachine(RuleMachine, GraphMachine):
    """A machine of a lifecycle that draws where its models stand."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Draw models anew when asked: one that comes with the machine has no state as yet."""
        self.__dict__.update(state)
        self.model_graphs: dict[int, Any] = _ModelGraphs(self)


class _ModelGraphs(dict[int, Any]):
    """The drawings of a machine's models by the models' `id`, each drawn when it is asked for."""

    def __init__(self, machine: RuleGraphMachine) -> None:
        super().__init__()
        self.machine = machine

    def __missing__(self, number: int) -> Any:
        models = {id(model): model for model in self.machine.models}
        self.machine._get_graph(models[number], force_new=True)  # noqa: SLF001 - as stock itself does
        return self[number]


@overload
def machine(
    lifecycle: Lifecycle, *, model: Any = ..., initial: str | None = ..., graph_engine: None = ...
) -> RuleMachine: ...


@overload
def machine(
    lifecycle: Lifecycle, *, model: Any = ..., initial: str | None = ..., graph_engine: str
) -> RuleGraphMachine: ...


def machine(
    lifecycle: Lifecycle,
    *,
    model: Any = None,
    initial: str | None = None,
    graph_engine: str | None = None,
) -> RuleMachine:
    """Return a fresh `transitions.Machine` of a lifecycle.

    A trigger of a model takes `record=`, `act=` and `context=`, and moves the model where the
    lifecycle lets that act be done. Changing this machine changes no verdict of `decide`, which has
    its own. The machine and its models can be copied (`copy.deepcopy`) and pickled.

    Args:
        lifecycle: A lifecycle of a checked rulebook.
        model: A model or several, to be attached at once; others can be attached later.
        initial: The state in which models begin; the lifecycle's own where it is left out.
        graph_engine: `mermaid`, `graphviz` or `pygraphviz`: the machine is a `GraphMachine`, and
            `model.get_graph()` draws where the model stands. Left out, nothing is drawn.

    Raises:
        InvalidRequest: The lifecycle has no state of the name `initial`.
    """
    if graph_engine is None:
        return RuleMachine(lifecycle, model=model, initial=initial)
    return RuleGraphMachine(
        lifecycle,
        model=model,
        initial=initial,
        graph_engine=graph_engine,
        title=lifecycle.title,
    )
