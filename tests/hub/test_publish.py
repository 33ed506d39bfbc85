"""From a check to a verified repository: the real client against a Hub of our own, and what must not pass."""

import os
import pickle
import re
import shutil
import struct
import zipfile

import pytest
from hub_server import HubServer
from releasing import CARD, CONTRACT, TOKEN, make_release, weights
from workbench import LOG, REPOSITORY, Bench

LICENSE = (REPOSITORY / "LICENSE").read_text()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A release that was locked, judged, and signed by a reviewer; copied for every test."""
    root, keys = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("keys")
    make_release(root, keys, signed=False)
    return root, keys


@pytest.fixture
def hub():
    with HubServer() as server:
        yield server


class Release:
    def __init__(self, root, keys, hub, home):
        self.bench, self.keys, self.hub, self.home = Bench.__new__(Bench), keys, hub, home
        self.bench.root = root

    def sign(self, key="reviewer"):
        heads = str(self.bench.root / "keys/heads")
        assert self.bench("sign", "--key", str(self.keys / key), "--heads", heads).code == 0

    def publish(self, *more):
        variables = {**self.hub.environment, "HF_TOKEN": TOKEN, "HF_HOME": str(self.home)}
        said = self.bench.process("publish", "out", "--repo", "me/model", *self.key, *more, **variables)
        assert TOKEN not in said.out + said.err
        return said

    @property
    def key(self):
        return ("--key", str(self.keys / "reviewer"))

    @property
    def tree(self):
        repo = self.hub.repos["me/model"]
        return repo.commits[repo.refs["main"]]

    def card(self, text):
        self.bench.write("out/README.md", text)

    def down(self, into):
        for name, data in self.tree.items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_bytes(data)
        return into


@pytest.fixture
def release(made, hub, tmp_path):
    root, keys = made
    shutil.copytree(root, tmp_path / "project")
    one = Release(tmp_path / "project", keys, hub, tmp_path / "home")
    one.sign()
    return one


def test_a_release_from_its_check_to_a_stranger_who_verifies_it(release, tmp_path):
    dry = release.publish()
    assert (dry.code, "nothing was sent" in dry.out) == (0, True), dry
    assert release.hub.repos == {}
    said = release.publish("--yes")
    assert (said.code, "published and verified: me/model" in said.out) == (0, True), said
    repo = release.hub.repos["me/model"]
    assert repo.private
    assert len(repo.commits) == 2, "one for the repository, one for the release"
    assert f"Bearer {TOKEN}" in release.hub.tokens
    assert all(TOKEN.encode() not in data for data in release.tree.values())
    assert release.tree["model.safetensors"] == weights()
    card = release.tree["README.md"].decode()
    assert "| demo/FINAL | The final loss is at most three. | required | DISCHARGED |" in card
    assert "license: mit" in card
    assert '"value": 2.5' in card
    key = str(release.keys / "reviewer.pub")
    (tmp_path / "stranger").mkdir()
    stranger = Bench(tmp_path / "stranger")
    down = release.down(tmp_path / "down")
    verified = stranger("verify", "--release", str(down), "--key", key, "--recheck")
    assert (verified.code, "verify: verified" in verified.out) == (0, True), verified
    assert "verdict of tensors" in verified.out
    assert stranger("verify", "--release", str(down)).code == 4, "whose key is to be trusted must be said"
    (down / "model.safetensors").write_bytes(weights((9.0,) * 6))
    assert stranger("verify", "--release", str(down), "--key", key).code == 1


def edited(name, old, new):
    def change(down):
        text = (down / name).read_text()
        assert old in text
        (down / name).write_text(text.replace(old, new))

    return change


def added(name, data=b"x"):
    def change(down):
        (down / name).parent.mkdir(parents=True, exist_ok=True)
        (down / name).write_bytes(data)

    return change


SLIPPED_IN = {
    "README.md has other bytes": edited("README.md", "at most three", "at most one"),
    "README.md has other bytes than": edited("README.md", '"value": 2.5', '"value": 0.5'),
    "README.md has other bytes than were": lambda down: (down / "README.md").write_text("# Best of all"),
    "model2.safetensors was not signed": added("model2.safetensors", weights()),
    "sub/model.safetensors was not signed": added("sub/model.safetensors", weights()),
    "pytorch_model.bin was not signed": added("pytorch_model.bin"),
    "model.gguf was not signed": added("model.gguf"),
    "evil.py was not signed": added("evil.py"),
    "claims/evil.json was not signed": added("claims/evil.json", b"{}"),
    ".cache/evil.py was not signed": added(".cache/evil.py"),
    "link was not signed": lambda down: (down / "link").symlink_to("/etc"),
    "config.json has other bytes": edited("config.json", "{", '{"auto_map": {"AutoModel": "evil.M"}, '),
    "model.safetensors is gone": lambda down: (down / "model.safetensors").rename(down / "w.safetensors"),
    "release.dsse.json, the signed list": lambda down: (down / "claims/release.dsse.json").unlink(),
    "release.dsse.json: no envelope": added("claims/release.dsse.json", b"{}"),
}


def test_a_stranger_sees_everything_that_was_slipped_in(release, tmp_path):
    assert release.publish("--yes").code == 0
    (tmp_path / "stranger").mkdir()
    stranger, key = Bench(tmp_path / "stranger"), str(release.keys / "reviewer.pub")
    for number, (why, change) in enumerate(SLIPPED_IN.items()):
        down = release.down(tmp_path / str(number))
        added(".git/HEAD")(down)
        said = stranger("verify", "--release", str(down), "--key", key)
        assert (said.code, "covered by no signature: .git\n" in said.out) == (0, True), said
        change(down)
        said = stranger("verify", "--release", str(down), "--key", key, "--recheck")
        assert (said.code, why in said.out) == (1, True), (why, said)


def test_a_release_is_signed_as_a_whole_by_one_of_the_signers(release):
    said = release.bench("publish", "out", "--repo", "me/model", "--yes")
    assert (said.code, "signed as a whole" in said.err) == (4, True), said
    author = str(release.keys / "author")
    said = release.bench("publish", "out", "--repo", "me/model", "--yes", "--key", author)
    assert (said.code, "is not one of the policy's signers" in said.out) == (1, True), said


def test_what_the_hub_adds_is_told(release):
    release.hub.meddle = lambda repo, files: files | {"evil.bin": b"x"}
    said = release.publish("--yes")
    assert said.code in (1, 3), said
    if said.code == 3:  # it lies there since the repository was made
        assert "evil.bin lies in the repository" in said.err
    else:
        assert "evil.bin is there and was not sent" in said.err


def test_a_public_release_does_not_stay_in_a_private_repository(release):
    release.hub.repo("me/model").private = True
    release.hub.repo("me/model").commit({})
    said = release.publish("--yes", "--public")
    assert (said.code, "is private and stays so" in said.err) == (3, True), said


@pytest.mark.parametrize("name", ["model", "me/mo del", "me/model/x", "me/a--b", "me/x.git", "../x", "me/"])
def test_a_name_that_no_hub_takes_ends_the_dry_run(release, name):
    said = release.bench("publish", "out", "--repo", name)
    assert (said.code, "is no name of a repository" in said.err) == (4, True), said


def test_publishing_again_replaces_what_it_wrote_and_a_busy_hub_is_waited_for(release):
    assert release.publish("--yes").code == 0
    release.card(release.tree["README.md"].decode())
    release.hub.failing = 2
    said = release.publish("--yes")
    assert said.code == 0, said
    assert release.tree["README.md"].decode().count("Claims and what was found") == 1
    assert release.tree["README.md"].decode().count("model-index:") == 1


def other_weights(release):
    release.bench.write("out/model.safetensors", weights((9.0,) * 6))


def more_weights(release):
    release.bench.write("out/adapter.safetensors", weights((9.0,) * 6))


def pickled_weights(release):
    release.bench.write("out/model.bin", pickle.dumps({"w": 1}))


def a_pickle_by_another_name(release):
    release.bench.write("out/vocab.txt", pickle.dumps({"w": 1}))


def a_pickle_of_the_first_protocol(release):
    release.bench.write("out/merges.txt", b"cos\nsystem\n(S'id'\ntR.")


def a_pickle_that_ends_in_garbage(release):
    release.bench.write("out/merges.txt", b"cos\nsystem\n(S'id'\ntR\xff\xff and so on")


def a_layer_that_runs_code(release):
    release.bench.write("out/model.keras", b"PK\x03\x04")


def a_pickle_in_an_archive_behind_other_bytes(release):
    with zipfile.ZipFile(release.bench.root / "out/tokens.model", "w") as packed:
        packed.writestr("archive/DATA.PKL", pickle.dumps(1))
    path = release.bench.root / "out/tokens.model"
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())


def a_pickle_in_an_archive(release):
    with zipfile.ZipFile(release.bench.root / "out/tokens.model", "w") as packed:
        packed.writestr("archive/data.pkl", pickle.dumps(1))


def a_link_to_the_weights(release):
    os.symlink("model.safetensors", release.bench.root / "out/again.safetensors")


def broken_weights(release):
    release.bench.write("out/more.safetensors", struct.pack("<Q", 1 << 60) + b"{}")


def a_hidden_file(release):
    release.bench.write("out/.env", "HF_TOKEN=x")


def claims_of_its_own(release):
    release.bench.write("out/claims/policy.yaml", "policy: 1")


def puts(name, data=b"GGUF"):
    def attack(release):
        release.bench.write(f"out/{name}", data)

    attack.__name__ = name
    return attack


def no_weights(release):
    shutil.move(release.bench.root / "out", release.bench.root / "gone")
    (release.bench.root / "out").mkdir()


def another_number_on_the_card(release):
    release.card(CARD + "\nThe final loss: **2.1**.\n")


def another_number_under_the_criterion(release):
    release.card(CARD + "\nFINAL reached 2.1\n")


def criteria_counted_by_hand(release):
    release.card(CARD + "\nIt meets 100 of 100 criteria.\n")


def a_metric_typed_into_a_section_of_results(release):
    release.card(CARD + "\n## Results\n\nAccuracy: 0.99\n")


def a_loss_typed_into_a_sentence(release):
    release.card(CARD + "\nIn the end we saw a loss of 0.5.\n")


def another_size_of_the_weights(release):
    release.card(CARD + "\nThe checkpoint has 16 bytes.\n")


def results_under_another_key(release):
    release.card(CARD.replace("license: mit", "license: mit\neval_results: [{accuracy: 0.99}]"))


def a_result_typed_in(release):
    release.card(CARD.replace("license: mit", "license: mit\nmodel-index: []"))


def damaged_marks(release):
    release.card(CARD + "<!-- end of claims -->")


def no_signature(release):
    shutil.rmtree(release.bench.root / "evidence/signed")


def the_log_changed(release):
    release.bench.log([*LOG, {"step": 6, "loss": 9.0}])


REFUSED = {
    other_weights: "STALE",
    more_weights: "adapter.safetensors: no discharged criterion is about these bytes",
    pickled_weights: ".bin files may be pickles",
    a_pickle_by_another_name: "begins like a pickle",
    a_pickle_of_the_first_protocol: "a pickle of an old protocol",
    a_pickle_that_ends_in_garbage: "a pickle of an old protocol",
    a_layer_that_runs_code: ".keras files may be pickles",
    a_pickle_in_an_archive: "holds the pickle archive/data.pkl",
    a_pickle_in_an_archive_behind_other_bytes: "holds the pickle archive/DATA.PKL",
    a_link_to_the_weights: "symbolic link",
    broken_weights: "no safetensors file",
    a_hidden_file: "hidden files",
    claims_of_its_own: "are not published from here",
    no_weights: "STALE",
    another_number_on_the_card: "README.md:8: final loss 2.1, demo/FINAL measured 2.5",
    another_number_under_the_criterion: "README.md:8: FINAL 2.1, demo/FINAL measured 2.5",
    criteria_counted_by_hand: "README.md:8: 100 of 100 criteria: the scoreboard has 2 of 2 required",
    a_metric_typed_into_a_section_of_results: "README.md:10: Accuracy: 0.99: no evidence has that number",
    a_loss_typed_into_a_sentence: "README.md:8: loss of 0.5: the evidence says demo/FINAL measured 2.5",
    another_size_of_the_weights: "README.md:8: checkpoint has 16 bytes: the evidence says",
    results_under_another_key: "eval_results is written from the evidence",
    a_result_typed_in: "model-index is written from the evidence",
    damaged_marks: "marks of the claims section are damaged",
    no_signature: "signed by 0 of 1 demanded keys",
    the_log_changed: "STALE",
}


BEGIN = b"<!-- claims: written from the evidence by harness publish; edits are overwritten -->"
WRONG = b"# 1.0\n\nThe final loss is 1.2.\n"
REFUSED |= {
    puts(name, WRONG): f"{name}:3: final loss 1.2, demo/FINAL measured 2.5"
    for name in ("CHANGELOG.md", "LICENSE.txt", "NOTICE", "CITATION.cff", "USE_POLICY.md")
}
REFUSED |= {
    puts("LICENSE.md", BEGIN + b"\n\nFinal loss: 1.2\n\n<!-- end of claims -->\n"): "LICENSE.md:3: final loss"
}

UNVOUCHED = ("m.gguf", "m.onnx", "m.msgpack", "m.tflite", "m.torchscript", "m.mlmodel", "m.safetensors.bak")
UNVOUCHED += ("sub/w.dat", "all_results.json", "sub/config.json")
REFUSED |= {puts(name): f"{name}: no discharged criterion" for name in UNVOUCHED}
REFUSED |= {puts(name, b"id"): f"{name}: by its name it is code" for name in ("modeling_evil.py", "run.sh")}
REFUSED |= {
    puts("config.json", b'{"auto_map": {}}'): "names code that is loaded with the model",
    puts(
        "processor_config.json", b'{"parts": [{"auto_map": {}}]}'
    ): "names code that is loaded with the model",
    puts("chat_template.jinja", b"#!/bin/sh\nid"): "it begins like a script",
    puts("vocab.txt", b"\x7fELF"): "it begins like a program",
    puts("tokenizer.json", b"GGUF\xff"): "it is no UTF-8 text",
    puts("generation_config.json", b"GGUF"): "it is no JSON",
}


WHOLE = CONTRACT.replace("{file: out/model.safetensors}", "{file: out}")
"""A contract whose input is the whole folder, so that every file of it is pinned."""
BESIDE = {
    "modeling_evil.py": (b"import os", "by its name it is code"),
    "run.sh": (b"#!/bin/sh\nid\n", "by its name it is code"),
    "run": (b"#!/bin/sh\nid\n", "it begins like a script"),
    "tool": (b"\x7fELF\x02\x01", "it begins like a program"),
    "extra.gguf": (b"GGUF\0\1\2", "no discharged criterion is about these bytes"),
    "notes.dat": (b"x", "no discharged criterion is about these bytes"),
    "config.json": (b'{"auto_map": {"AutoModel": "evil.M"}}', "it names code that is loaded with the model"),
    "sub/config.json": (b'{"auto_map": {}}', "it names code that is loaded with the model"),
}


@pytest.fixture
def judged(hub, tmp_path):
    """Makes a release of a contract, with further files in its folder that were there when it was judged."""

    def made(contract, **beside):
        make_release(tmp_path / "project", tmp_path / "keys", contract=contract, beside=beside)
        return Release(tmp_path / "project", tmp_path / "keys", hub, tmp_path / "home")

    return made


@pytest.mark.parametrize("name", BESIDE)
def test_an_input_that_is_a_folder_vouches_for_what_was_judged_of_it_alone(judged, name):
    data, why = BESIDE[name]
    release = judged(WHOLE, **{name: data})
    said = release.publish("--yes")
    assert (said.code, f"{name}: {why}" in said.out) == (1, True), said
    assert release.hub.asked == []


def test_a_folder_that_is_judged_with_its_card_is_published_and_verified(judged, tmp_path):
    release = judged(WHOLE)
    dry = release.publish()
    assert (dry.code, release.hub.asked) == (0, []), dry
    said = release.publish("--yes")
    assert (said.code, "published and verified" in said.out) == (0, True), said
    assert release.tree["claims/out/README.md"] == CARD.encode()
    (tmp_path / "stranger").mkdir()
    key, down = str(release.keys / "reviewer.pub"), release.down(tmp_path / "down")
    verified = Bench(tmp_path / "stranger")("verify", "--release", str(down), "--key", key, "--recheck")
    assert verified.code == 0, verified


LARGE = b"".join(b'{"step": %d, "loss": 2.5, "note": "%s"}\n' % (n, b"x" * 90_000) for n in range(200))
"""A log of 18 MB, which does not come along."""


@pytest.mark.parametrize("sending", [(), ("--yes",)], ids=["dry run", "with --yes"])
def test_what_could_not_be_verified_where_it_arrives_is_refused_before_anything_is_sent(judged, sending):
    release = judged(CONTRACT.replace("{file: log.jsonl}", "{file: big.jsonl}"), **{"../big.jsonl": LARGE})
    said = release.publish(*sending)
    assert said.code == 1, said
    assert "what would be sent does not verify by itself" in said.out
    assert "demo/FINAL is DISCHARGED here and would be STALE" in said.out
    assert release.hub.asked == []


def test_code_that_a_criterion_names_is_refused_and_data_that_it_names_is_not(judged):
    more = "  EVIL: {claim: It is small., files: [evil, extra], at_most: 1000}\n"
    inputs = "inputs:\n  evil: {file: out/evil.py}\n  extra: {file: out/extra.dat}"
    contract = CONTRACT.replace("inputs:", inputs) + more
    release = judged(contract, **{"evil.py": b"import os", "extra.dat": b"abc"})
    said = release.publish("--yes")
    assert (said.code, said.out.splitlines()[1:]) == (
        1,
        ["  evil.py: by its name it is code, and code is not published from here"],
    ), said


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.__name__)
def test_nothing_is_sent(release, attack):
    attack(release)
    said = release.bench("publish", "out", "--repo", "me/model", *release.key, "--yes")
    assert said.code == 1, said
    assert REFUSED[attack] in said.out, said.out
    assert release.hub.asked == []


def test_a_number_that_nothing_is_known_about_is_told_before_anything_is_sent(release):
    release.card(CARD + "\nIts accuracy is 0.99, and it has 6 parameters.\n")
    said = release.publish()
    assert (said.code, "warning: README.md:8: accuracy is 0.99: no evidence" in said.out) == (0, True), said
    assert said.out.count("warning") == 1


def test_texts_that_say_nothing_of_results_are_sent_as_they_are(release):
    texts = {"CHANGELOG.md": "# 1.0\n\n- 2026-01-02: trained anew, with seed 7.\n", "LICENSE.txt": LICENSE}
    for name, text in texts.items():
        release.bench.write(f"out/{name}", text)
    said = release.publish("--yes")
    assert (said.code, said.out.count("warning")) == (0, 0), said
    assert {name: release.tree[name].decode() for name in texts} == texts


def test_a_private_release_does_not_go_to_a_public_repository(release):
    release.hub.repo("me/model").commit({"README.md": b"# Other"})
    said = release.publish("--yes")
    assert (said.code, "is public" in said.err) == (3, True), said
    assert list(release.tree) == ["README.md"]


@pytest.mark.parametrize("name", ["model.safetensors", "claims/contracts/demo.yaml", "README.md"])
def test_what_arrived_otherwise_is_told_with_the_way_back(release, name):
    def meddle(repo, files):
        return files | {name: weights((9.0,) * 6) if name.startswith("model") else files[name] + b"\n"}

    release.hub.meddle = meddle
    said = release.publish("--yes")
    assert said.code == 1, said
    assert "NOT verified" in said.err
    assert f"{name} arrived with other bytes" in said.err
    assert "withdraw it" in said.err


def test_claims_of_an_earlier_release_go_with_the_commit_that_replaces_it(release):
    repo = release.hub.repo("me/model")
    repo.private = True
    repo.commit(
        {
            "claims/evidence/ledger/old.json": b"{}",
            "claims/evidence/signed/old.dsse.json": b"{}",
        }
    )
    said = release.publish("--yes")
    assert (said.code, "published and verified" in said.out) == (0, True), said
    assert not [name for name in release.tree if name.endswith(("old.json", "old.dsse.json"))]


@pytest.mark.parametrize("name", ["other.safetensors", "pytorch_model.bin", "old/weights.PT", "evil.py"])
def test_weights_of_somebody_else_in_the_repository_are_not_passed_off(release, name):
    release.hub.repo("me/model").private = True
    release.hub.repo("me/model").commit({name: weights((9.0,) * 6)})
    said = release.publish("--yes")
    assert (said.code, "is not of this release" in said.err) == (3, True), said
    assert list(release.tree) == [name]


def test_what_was_dropped_on_the_way_is_told(release):
    release.hub.meddle = lambda repo, files: {
        name: data for name, data in files.items() if "/signed/" not in name
    }
    said = release.publish("--yes")
    assert (said.code, "did not arrive" in said.err) == (1, True), said


def test_a_hub_that_is_not_there_is_a_failure_and_nothing_else(release):
    release.hub.stop()
    said = release.publish("--yes")
    assert (said.code, "not published" in said.err) == (3, True), said


def test_the_page_about_releasing_is_true_from_its_first_command_to_its_last(bench, hub, tmp_path):
    page = (REPOSITORY / "docs/releasing.md").read_text()
    commands = [
        line.split()[1:]
        for block in re.findall(r"```bash\n(.*?)```", page, re.S)
        for line in block.splitlines()
    ]
    assert [one[0] for one in commands] == [
        *("key", "key", "lock", "check", "sign", "verify", "gate", "publish", "publish"),
        *("gate", "verify", "verify"),
    ]
    bench.log()
    bench.write("out/model.safetensors", weights())
    bench.write("out/README.md", CARD)
    bench.contract(CONTRACT)
    bench.write("policy.yaml", re.search(r"```yaml\n(.*?)```", page, re.S)[1])
    bench.write("keys/heads", "")
    release = Release(bench.root, tmp_path / "KEYS", hub, tmp_path / "home")
    variables = {**hub.environment, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "home")}
    for one in commands:
        if "DOWNLOADED" in one:
            release.down(tmp_path / "DOWNLOADED")
        if "MINE/policy.yaml" in one:
            shutil.copytree(bench.root / "keys", tmp_path / "MINE/keys", dirs_exist_ok=True)
            shutil.copy(bench.root / "policy.yaml", tmp_path / "MINE/policy.yaml")
        said = bench.process(
            *(re.sub("^(KEYS|DOWNLOADED|MINE)", rf"{tmp_path}/\1", w) for w in one), **variables
        )
        assert said.code == 0, (one, said)
        if one[0] == "key":
            name = one[-1].rpartition("/")[2]
            bench.write(f"keys/{name}.pub", (tmp_path / f"KEYS/{name}.pub").read_bytes())
