"""The slow walk: iterative, path-tracking, for values that contain themselves, lie too deep, or cannot be encoded.

Called by `canonical` when the fast walk gave up. FROZEN: `Graph.digest`. A cycle is digested as what it unfolds to:
every object of it gets a colour from its own label and its children's colours, refined until no further objects are
told apart (as one minimizes an automaton). So the digest depends neither on identities, nor on the order of sets, nor
on where a cycle was entered, and the cost stays polynomial where "distance to the ancestor" would walk every path of
a mesh.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from thds.mops.callkey.node import Refused
from thds.mops.callkey.scalars import scalar_digest
from thds.mops.callkey.tree import TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thds.mops.callkey.node import Node
    from thds.mops.callkey.tree import Walk

#: A vertex costs about 300 bytes; leaves (numbers, text) are none.
MOST_VERTICES = 10_000_000

_LEAVES = frozenset({type(None), bool, int, float, str, bytes})
_PARTS, _PLAIN, _VALUE = range(3)  # how a vertex's children are named in messages


class Vertex:
    """A container or a node. `children` are raw values, of which the first `ordered` have an order."""

    __slots__ = (
        "children", "color", "depth", "index", "kids", "label", "low", "node", "ordered", "parent", "place", "role",
        "value",
    )  # fmt: skip

    depth: int
    kids: list[bytes | Vertex]  # the children as digests of leaves and vertices

    def __init__(self, value: object, parent: Vertex | None, place: int, role: int) -> None:
        self.value = value
        self.parent = parent
        self.place = place  # among the parent's children
        self.role = role
        self.depth = 0 if parent is None else parent.depth + 1
        self.node: Node | None = None
        self.color = b""
        self.index = self.low = -1

    def open(self, walk: Walk) -> None:
        value = self.value
        if type(value) is dict:
            self.label, self.children = b"dict", [half for item in value.items() for half in item]
        elif type(value) is list or type(value) is tuple:
            self.label, self.children = type(value).__name__.encode(), list(value)
        else:
            self.node = node = walk.nodes[id(value)] = walk.expand(value)
            self.label, self.children = node.head, [node.parts]
            self.ordered = 1
            self.children += node.elements or ()
            return
        self.ordered = len(self.children)

    def role_of(self, place: int) -> int:
        if self.node is not None:
            return (_PLAIN if self.node.plain else _PARTS) if place == 0 else _VALUE
        return _PARTS if self.role == _PARTS and type(self.value) is tuple else _VALUE

    def step(self, place: int) -> str:
        """How the child at `place` is called, seen from this vertex."""
        if self.node is not None:
            return "" if place == 0 else "{...}"
        if type(self.value) is dict:
            key = self.children[place - place % 2]
            if place % 2 == 0:
                return f".<key {_short(key)}>"
            return f".{key}" if self.role == _PARTS and type(key) is str else f"[{_short(key)}]"
        return "" if self.role == _PARTS and type(self.value) is tuple else f"[{place}]"

    def path(self, root: str, shown: int = 24) -> str:
        steps: list[str] = []
        vertex = self
        while vertex.parent is not None:
            steps.append(vertex.parent.step(vertex.place))
            vertex = vertex.parent
        steps = [step for step in reversed(steps) if step]
        if len(steps) > shown:
            steps = [*steps[: shown // 2], f"...({len(steps) - shown} more)...", *steps[-shown // 2 :]]
        return root + "".join(steps)


def _short(key: object) -> str:
    text = repr(key) if type(key) in _LEAVES else f"<{type(key).__name__}>"
    return text if len(text) <= 60 else f"{text[:57]}..."


class Culprit(Exception):
    """Where the walk met what has no deterministic key, and why."""

    def __init__(self, vertex: Vertex, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.vertex = vertex
        self.refused = refused


class Graph:
    """Everything below `root`, found without recursion. `components` are its strongly connected components (Tarjan),
    children before parents."""

    def __init__(self, root: object, walk: Walk) -> None:
        self._walk = walk
        self._by_id: dict[int, Vertex] = {}
        self.components: list[list[Vertex]] = []
        self.root = self._vertex(root, None, 0, _VALUE)
        self._explore()

    @property
    def cyclic(self) -> bool:
        return any(len(component) > 1 or self._own_child(component[0]) for component in self.components)

    @property
    def deepest(self) -> Vertex:
        return max(self._by_id.values(), key=lambda vertex: vertex.depth)

    def nodes(self) -> Iterator[object]:
        """The values that are nodes, children before parents (where nothing contains itself)."""
        return (v.value for component in self.components for v in component if v.node is not None)

    def digest(self) -> bytes:
        for component in self.components:
            for vertex in component:
                vertex.kids = [self._kid(child) for child in vertex.children]
            if len(component) > 1 or self._own_child(component[0]):
                self._color_cycle(component)
            else:
                component[0].color = self._mix(component[0])
        return sha256(b"graph" + self.root.color).digest()

    def _color_cycle(self, component: list[Vertex]) -> None:
        """Refine until stable. The root's colour alone says how far it was unfolded; with the set of all colours it
        says everything: which colours exist, and what each one's children are."""
        for vertex in component:
            vertex.color = sha256(b"start" + vertex.label).digest()
        classes = 0
        while classes < (classes := len({vertex.color for vertex in component})):
            for vertex, color in [(vertex, self._mix(vertex)) for vertex in component]:
                vertex.color = color
        everything = sha256(b"".join(sorted({vertex.color for vertex in component}))).digest()
        for vertex in component:
            vertex.color = sha256(b"cycle" + vertex.color + everything).digest()

    def _mix(self, vertex: Vertex) -> bytes:
        colors = [child if isinstance(child, bytes) else child.color for child in vertex.kids]
        ordered, loose = colors[: vertex.ordered], sorted(colors[vertex.ordered :])
        counts = b"%d:%d:%d:" % (len(vertex.label), len(ordered), len(loose))
        return sha256(counts + vertex.label + b"".join(ordered) + b"".join(loose)).digest()

    def _kid(self, child: object) -> bytes | Vertex:
        if type(child) not in _LEAVES:
            return self._by_id[id(child)]
        return scalar_digest(child) or self._walk.digest(child)

    def _own_child(self, vertex: Vertex) -> bool:
        return any(child is vertex.value for child in vertex.children)

    def _vertex(self, value: object, parent: Vertex | None, place: int, role: int) -> Vertex:
        vertex = self._by_id[id(value)] = Vertex(value, parent, place, role)
        vertex.index = vertex.low = len(self._by_id)
        if vertex.index > MOST_VERTICES:
            raise TooLarge
        try:
            vertex.open(self._walk)
        except Refused as refused:
            raise Culprit(vertex, refused) from refused
        return vertex

    def _explore(self) -> None:
        pending = [self.root]  # Tarjan's stack
        waiting = {id(self.root.value)}
        line = [(self.root, self._places(self.root))]
        while line:
            vertex, places = line[-1]
            for place in places:
                child = vertex.children[place]
                seen = self._by_id.get(id(child))
                if seen is None:
                    seen = self._vertex(child, vertex, place, vertex.role_of(place))
                    pending.append(seen)
                    waiting.add(id(seen.value))
                    line.append((seen, self._places(seen)))
                    break
                if id(child) in waiting:
                    vertex.low = min(vertex.low, seen.index)
            else:
                line.pop()
                if line:
                    line[-1][0].low = min(line[-1][0].low, vertex.low)
                if vertex.low == vertex.index:
                    self._close(vertex, pending, waiting)

    def _close(self, vertex: Vertex, pending: list[Vertex], waiting: set[int]) -> None:
        component: list[Vertex] = []
        while not component or component[-1] is not vertex:
            component.append(pending.pop())
            waiting.discard(id(component[-1].value))
        self.components.append(component)

    def _places(self, vertex: Vertex) -> Iterator[int]:
        return iter([i for i, child in enumerate(vertex.children) if type(child) not in _LEAVES])
