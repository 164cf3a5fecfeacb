"""A store behaves as a dictionary by name does, through any sequence of changes and reopenings."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from strategies import make_record

from gmmkit.errors import AlreadyEnrolledError, NotEnrolledError
from gmmkit.speaker.storage.store import Store

CONTRACT = {"sample_rate": 16000}
# Some are spellings of one name, some look like paths.
SPELLINGS = {
    "ana": "ana",
    "ANA": "ana",
    "Zo\u00eb": "zo\u00eb",
    "Zoe\u0308": "zo\u00eb",
    "../x": "../x",
    "CON": "con",
    "con": "con",
}
names = st.sampled_from(sorted(SPELLINGS))
numbers = st.integers(0, 9).map(float)
prints = st.lists(st.sampled_from(["aa", "bb", "cc"]), unique=True, max_size=2)


class StoreMachine(RuleBasedStateMachine):
    """Every rule does the same to a store and to a dictionary from key to value."""

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "people.db"
        self.store = Store.create(self.path, CONTRACT)
        self.reader = Store.open(self.path)
        self.model = {}

    def teardown(self):
        self.reader.close()
        self.store.close()
        assert os.listdir(self.folder) == ["people.db"]
        shutil.rmtree(self.folder)

    def refused(self, error, act):
        before = self.store.generation
        try:
            act()
        except error:
            assert self.store.generation == before
            return True
        return False

    @rule(name=names, value=numbers, fingerprints=prints)
    def add(self, name, value, fingerprints):
        record = make_record(name, value, fingerprints=fingerprints)
        key = SPELLINGS[name]
        taken = self.refused(AlreadyEnrolledError, lambda: self.store.add(record))
        assert taken == (key in self.model)
        self.model.setdefault(key, (record.name, value, set(fingerprints)))

    @rule(name=names, value=numbers, fingerprints=prints)
    def replace(self, name, value, fingerprints):
        record = make_record(name, value, fingerprints=fingerprints)
        key = SPELLINGS[name]
        absent = self.refused(NotEnrolledError, lambda: self.store.replace(record))
        assert absent == (key not in self.model)
        if not absent:
            self.model[key] = (record.name, value, set(fingerprints))

    @rule(name=names)
    def increase(self, name):
        def more(old):
            return make_record(old.name, old.arrays["weight"][0] + 1, fingerprints=old.fingerprints)

        key = SPELLINGS[name]
        absent = self.refused(NotEnrolledError, lambda: self.store.update(name, more))
        assert absent == (key not in self.model)
        if not absent:
            shown, value, fingerprints = self.model[key]
            self.model[key] = (shown, value + 1, fingerprints)

    @rule(old=names, new=names)
    def rename(self, old, new):
        errors = (AlreadyEnrolledError, NotEnrolledError)
        source, target = SPELLINGS[old], SPELLINGS[new]
        refused = self.refused(errors, lambda: self.store.rename(old, new))
        assert refused == (source not in self.model or source != target in self.model)
        if not refused:
            _, value, fingerprints = self.model.pop(source)
            self.model[target] = (make_record(new).name, value, fingerprints)

    @rule(name=names)
    def remove(self, name):
        absent = self.refused(NotEnrolledError, lambda: self.store.remove(name))
        assert absent == (self.model.pop(SPELLINGS[name], None) is None)

    @rule()
    def reopen(self):
        self.store.close()
        self.store = Store.open(self.path, read_only=False)

    @rule()
    def pass_through_another_file(self):
        copy = self.folder / "copy.db"
        self.store.export(copy)
        self.store.close()
        self.reader.close()
        os.replace(copy, self.path)
        self.store = Store.open(self.path, read_only=False)
        self.reader = Store.open(self.path)

    @invariant()
    def what_a_reader_sees_is_what_was_done(self):
        if not hasattr(self, "model"):
            return
        expected = [self.model[key] for key in sorted(self.model)]
        with self.reader.snapshot():
            records = list(self.reader.records())
            assert self.reader.names() == tuple(name for name, _, _ in expected)
            assert len(self.reader) == len(expected)
            assert self.reader.projections()[1][:, :1].tolist() == [[v] for _, v, _ in expected]
            assert set(self.reader.fingerprints()) == set().union(*(f for _, _, f in expected))
        found = [(r.name, r.arrays["weight"][0], set(r.fingerprints)) for r in records]
        assert found == expected


TestStore = StoreMachine.TestCase
TestStore.settings = settings(
    deadline=None, derandomize=True, max_examples=15, stateful_step_count=20
)
