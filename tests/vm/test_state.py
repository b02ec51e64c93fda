"""State root, snapshots, restore, forks: against the plain specification, and against each other."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from corten import InvalidInput
from corten.vm import Machine, Passes
from corten.vm.layout import PAGE_BYTES
from corten.vm.pagetree import PageTree, leaf_hash, root_from_siblings, zero_hash
from spec import state_tree
from tests.vm.conftest import MEMORY_LIMIT
from tests.vm.modules import token


def recomputed_root(machine):
    """The machine's root from scratch, from the bytes in memory."""
    hashes = []
    for contract in machine:
        instance = contract.residency.live()._instance
        state = state_tree.state_root(bytes(instance.memory), instance.globals())
        hashes.append(state_tree.contract_hash(contract.name, len(instance.memory), token(), state))
    return state_tree.machine_root(hashes)


def test_the_root_of_no_contracts_and_of_three(machine):
    assert machine.state_root == state_tree.machine_root([])
    for _ in range(3):
        machine.deploy(token(), supply=5)
    assert machine.state_root == recomputed_root(machine)


def test_initial_data_and_globals_are_committed(machine, contract):
    assert bytes(contract.residency.live()._instance.memory[200000:200012]) == b"initial data"
    assert machine.state_root == recomputed_root(machine)
    before = machine.state_root
    contract.count_calls()
    assert machine.state_root == recomputed_root(machine) != before


def test_code_name_and_memory_size_are_committed():
    def root(limit=MEMORY_LIMIT, name=None, module=None):
        machine = Machine(memory_limit=limit, cache=False)
        machine.deploy(module or token(), name=name, supply=1)
        return machine.state_root

    other_module = token() + b"\0\2\1x"
    roots = [root(), root(limit=2 * MEMORY_LIMIT), root(name="other"), root(module=other_module)]
    assert len(set(roots)) == 4
    assert root() == roots[0]


def test_the_same_content_gives_the_same_root_whatever_its_history(machine, contract):
    root = machine.state_root
    contract.write(address=400_000, value=7)
    assert machine.state_root != root
    contract.write(address=400_000, value=0)
    assert machine.state_root == root


@given(st.lists(st.tuples(st.integers(0, 4095), st.binary(min_size=1, max_size=3)), max_size=30), st.integers(1, 4096))
def test_page_tree_equals_the_specification(changes, page_count):
    tree, pages = PageTree.empty(page_count), {}
    for index, content in changes:
        page = index % page_count
        pages[page] = content.ljust(PAGE_BYTES, b"\0")
        tree = tree.updated([page], [leaf_hash(pages[page])])
    together = PageTree.empty(page_count).updated(sorted(pages), [leaf_hash(pages[page]) for page in sorted(pages)])
    assert together.root == tree.root
    for page, content in pages.items():
        assert root_from_siblings(page, leaf_hash(content), tree.siblings(page)) == tree.root
    if page_count <= 64:
        memory = b"".join(pages.get(page, bytes(PAGE_BYTES)) for page in range(page_count))
        assert state_tree.page_root(memory) == tree.root


def test_zero_subtrees():
    assert PageTree.empty(1).root == PageTree.empty(1 << 16).root == zero_hash(20)
    assert state_tree.page_root(bytes(PAGE_BYTES)) == zero_hash(20)


def test_proofs_lead_to_the_root(contract):
    contract.write(address=400_000, value=7)
    proof = contract.prove(400_000 // PAGE_BYTES)
    assert proof.root() == contract.state_root
    assert proof.page[400_000 % PAGE_BYTES] == 7
    assert contract.prove(0).root() == contract.state_root
    contract.write(address=400_000, value=8)
    assert proof.root() != contract.state_root
    with pytest.raises(InvalidInput, match="page"):
        contract.prove(MEMORY_LIMIT // PAGE_BYTES)


class Forks(RuleBasedStateMachine):
    """Random messages, snapshots, restores and forks. Each machine has a twin in `self.models`: a plain dict."""

    def __init__(self):
        super().__init__()
        machine = Machine(memory_limit=MEMORY_LIMIT)
        machine.deploy(token(), sender=1, supply=1000)
        self.machines = [machine]
        self.models = [{1: 1000}]
        self.snapshots = []

    pick = st.integers(0, 10)

    def contract(self, pick):
        position = pick % len(self.machines)
        return position, self.machines[position]["Token"]

    @rule(pick=pick, account=st.integers(0, 5000), value=st.integers(0, 9))
    def write(self, pick, account, value):
        position, contract = self.contract(pick)
        assert contract.write(address=131072 + 8 * account, value=value).accepted
        self.models[position][account] = value

    @rule(pick=pick, code=st.integers(0, 17))
    def fail(self, pick, code):
        assert not self.contract(pick)[1].fail(code=code).accepted

    @rule(pick=pick)
    def count(self, pick):
        position, contract = self.contract(pick)
        calls = self.models[position].get("calls", 0) + 1
        assert contract.count_calls().result == calls
        self.models[position]["calls"] = calls

    @rule(pick=pick)
    def snapshot(self, pick):
        position, _ = self.contract(pick)
        machine = self.machines[position]
        self.snapshots.append((machine.snapshot(), dict(self.models[position]), machine.state_root))

    @rule(pick=pick, which=st.integers(0, 10))
    def restore(self, pick, which):
        if self.snapshots:
            snapshot, model, root = self.snapshots[which % len(self.snapshots)]
            position, _ = self.contract(pick)
            self.machines[position].restore(snapshot)
            self.models[position] = dict(model)
            assert self.machines[position].state_root == root

    @rule(pick=pick)
    def fork(self, pick):
        if len(self.machines) < 4:
            position, _ = self.contract(pick)
            self.machines.append(self.machines[position].fork())
            self.models.append(dict(self.models[position]))
            assert self.machines[-1].state_root == self.machines[position].state_root

    @invariant()
    def balances_are_the_models(self):
        for machine, model in zip(self.machines, self.models, strict=True):
            for account in [key for key in model if key != "calls"][-3:]:
                assert machine["Token"].balance(account=account) == model[account]

    def teardown(self):
        for machine in self.machines:
            assert machine.state_root == recomputed_root(machine)


TestForks = Forks.TestCase
TestForks.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


def test_a_fork_is_made_without_copying_and_lazily(machine, contract):
    contract.transfer(to=2, amount=50, sender=1)
    fork = machine.fork()
    assert fork["Token"].residency.resident is None
    assert fork.state_root == machine.state_root
    assert fork.snapshot().contracts[0][2] is machine.snapshot().contracts[0][2]
    assert fork["Token"].residency.resident is None
    assert fork["Token"].balance(2) == 50
    fork["Token"].transfer(to=3, amount=1, sender=2)
    assert (fork["Token"].balance(3), contract.balance(3)) == (1, 0)


@pytest.mark.parametrize("machine", ["wasmtime"], indirect=True)
def test_forks_that_nobody_holds_give_their_memory_back_at_once(machine, contract):
    gc.disable()
    try:
        alive = []
        for number in range(20):
            fork = machine.fork()
            fork["Token"].transfer(to=2, amount=number + 1, sender=1).raise_for_status()
            alive.append(weakref.ref(fork["Token"].residency.resident._instance._store))
            del fork
        assert [store() for store in alive] == [None] * 20
    finally:
        gc.enable()


def test_snapshots_share_what_did_not_change(contract, machine):
    contract.write(address=600_000, value=1)
    first = contract.snapshot()
    assert contract.snapshot() is first
    contract.write(address=700_000, value=1)
    second = contract.snapshot()
    pages = [pair for pair in zip(first.pages[0], second.pages[0], strict=True) if pair[0] is not pair[1]]
    assert len(pages) == 1
    assert machine.state_root == recomputed_root(machine)


def test_restore_brings_back_header_and_contracts(machine, contract):
    machine.time, machine.height = 5, 6
    snapshot = machine.snapshot()
    machine.time, machine.height = 7, 8
    later = machine.deploy(token(), name="later", supply=3)
    both = machine.snapshot()
    machine.restore(snapshot)
    assert (machine.time, machine.height) == (5, 6)
    assert contract.header().tolist() == [5, 6, 0]
    assert list(machine.contracts) == ["Token"]
    with pytest.raises(InvalidInput, match="restored to before this"):
        later.count_calls()
    machine.restore(both)
    assert machine["later"].balance(0) == 3
    assert machine["Token"] is contract


def test_a_snapshot_of_other_settings_is_refused(machine, contract):
    other = Machine(memory_limit=2 * MEMORY_LIMIT, cache=False)
    with pytest.raises(InvalidInput, match="memory limit"):
        other.restore(machine.snapshot())


def test_savepoint_and_rollback(contract):
    region = contract.residency.live().state
    root = region.root()
    savepoint = region.savepoint()
    contract.transfer(to=2, amount=50, sender=1)
    contract.count_calls()
    region.rollback(savepoint)
    assert region.root() == root
    assert contract.balance(1) == 1000
    assert contract.count_calls().result == 1


def test_without_the_undo_pass_there_is_no_root():
    machine = Machine(memory_limit=MEMORY_LIMIT, cache=False, passes=Passes(undo=False))
    machine.deploy(token(), supply=1)
    for use in (lambda: machine.state_root, machine.snapshot, machine.fork):
        with pytest.raises(InvalidInput, match="undo"):
            use()


def test_large_batches_touch_many_pages(machine, contract):
    rows = np.zeros(200, contract.dtype("write"))
    rows["address"], rows["value"] = 4096 * (np.arange(200) + 40), 1
    contract.submit("write", rows).raise_for_status()
    assert machine.state_root == recomputed_root(machine)
