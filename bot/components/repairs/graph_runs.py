"""Running the trained graph without planning it anew.

Rasa cuts the graph down to what leads to the target and hands it to dask, which plans and schedules it, for each
message and again for each prediction. The graph does not change while a model is loaded: here the order is found
once, and the nodes are called one after the other, as dask's synchronous scheduler does.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Text, Tuple

from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner

from components.repairs.repair import Repair

Plan = List[Tuple[Text, Any, Tuple[Text, ...]]]


def _run(
    self: DaskGraphRunner, inputs: Optional[Dict[Text, Any]] = None, targets: Optional[List[Text]] = None
) -> Dict[Text, Any]:
    wanted = tuple(targets or self._graph_schema.target_names)
    plan = _plan(self, wanted)
    done: Dict[Text, Tuple[Text, Any]] = {}
    names = {name for name, _, _ in plan}
    for name, value in (inputs or {}).items():
        if isinstance(value, str) and value in names:
            raise GraphRunError(f"Input value '{value}' clashes with a node name.")
        done[name] = (name, value)
    try:
        for name, node, needs in plan:
            if name not in done:
                # what nobody gives is handed on by its name, as dask does, and the node says so
                done[name] = node(*(done.get(need, need) for need in needs))
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return dict(done[name] for name in wanted)


def _plan(runner: DaskGraphRunner, targets: Tuple[Text, ...]) -> Plan:
    """Every node that leads to the targets, each after those it needs."""
    plans: Dict[Tuple[Text, ...], Plan] = runner.__dict__.setdefault("_plans", {})
    if targets in plans:
        return plans[targets]
    schema = runner._graph_schema.minimal_graph_schema(list(targets))
    plan: Plan = []
    placed: List[Text] = []

    def place(name: Text, above: Tuple[Text, ...]) -> None:
        if name in above:
            raise GraphRunError(f"The node '{name}' needs itself.")
        if name in placed or name not in schema.nodes:
            return
        needs = tuple(schema.nodes[name].needs.values())
        for need in needs:
            place(need, (*above, name))
        placed.append(name)
        plan.append((name, runner._instantiated_nodes[name], needs))

    for target in targets:
        place(target, ())
    plans[targets] = plan
    return plan


REPAIRS = [Repair(DaskGraphRunner, "run", "45f0f52f574f3aa9", lambda _own: _run)]
