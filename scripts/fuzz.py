"""Damages inputs of caravan and looks at how it takes them: see fuzz.sh.

An input may be refused or used. Either way the process ends by itself in time, and a refusal is one printable line of
at most 300 characters. The same seed damages the same way.
"""

import hashlib
import json
import math
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

CARAVAN = os.environ["CARAVAN"]
SEED = int(os.environ.get("SEED", "1"))
TIME_LIMIT = 20

# What readers stumble over: limits of integers, numbers that are none, quotes, controls, what is no UTF-8.
TOKENS = [
    b"0", b"-1", b"1", b"255", b"65536", b"2147483647", b"2147483648", b"-2147483649", b"4294967296",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"18446744073709551616", b"1e308",
    b"1e999", b"-0", b"0.5", b"nan", b"inf", b"null", b"true", b"", b"''", b'"', b"'", b'""', b"[", b"]", b"{", b"}",
    b",", b"\t", b":", b"\n", b"\r\n", b"\r", b"\0", b"\x1b[31m", b"\x7f", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80",
    b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\xc2\x85", b"\xef\xbb\xbf", b"\\", b"\\u0000", b"\\ud800", b"...", b" ",
    b"A" * 5000, b"[" * 3000, b"0 " * 2000, b"# ", b"- ", b"&a ", b"*a", b"!!int ", b"|", b">", b"%", b"../", b"/dev/null",
]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """A few changes of any kind, anywhere."""
    for _ in range(dice.choice([1, 1, 1, 2, 3, 8])):
        place = dice.randrange(len(data) + 1)
        end = min(len(data), place + dice.choice([1, 1, 2, 4, 8, 40, 300]))
        kind = dice.randrange(9)
        if kind == 0 and data:
            place = min(place, len(data) - 1)
            data = data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :]
        elif kind == 1:
            data = data[:place] + dice.choice(TOKENS) + data[place:]
        elif kind == 2:
            data = data[:place] + dice.choice(TOKENS) + data[end:]
        elif kind == 3:
            data = data[:place] + data[end:]
        elif kind == 4:
            data = data[:place] + data[place:end] * dice.choice([2, 3, 100]) + data[end:]
        elif kind == 5:
            data = data[:place]
        elif kind == 6:
            data = data[:place] + dice.randbytes(dice.choice([1, 2, 8])) + data[end:]
        else:
            data = with_other_number(data, dice)
    return data


def with_other_number(data: bytes, dice: random.Random) -> bytes:
    """One number or word of the text exchanged."""
    words = list(re.finditer(rb"[A-Za-z0-9_.+-]+", data[:20000]))
    if not words:
        return data
    word = dice.choice(words)
    return data[: word.start()] + dice.choice(TOKENS) + data[word.end() :]


def damaged_json(data: bytes, dice: random.Random) -> bytes:
    """JSON with other values under its names, as Swift writes it."""
    if dice.random() < 0.4:
        return damaged(data, dice)
    tree = json.loads(data)
    for _ in range(dice.choice([1, 1, 2, 5])):
        node = tree
        while True:
            key = dice.choice(sorted(node) if isinstance(node, dict) else range(len(node)))
            if isinstance(node[key], (dict, list)) and node[key] and dice.random() < 0.8:
                node = node[key]
                continue
            if dice.random() < 0.15 and len(node) > 1:
                del node[key]
            else:
                numbers = [0, -1, 1, 3, 64, 2**31 - 1, 2**31, 2**63 - 1, -(2**63), 2**64, 1e300, 0.5]
                texts = ["", "x", "0", "-1", "nan", "0.5", "9" * 19, "GRU4Rec", "CORE", "SASRec", "NEIGHBOURS", "ES", "bpr-max",
                         "gbce", "all",
                         "a\x1b[31m\u2028b", "y" * 5000, "0" * 64, "../../x"]
                others = [None, True, [], {}, [[]] * 50]
                kinds = {int: numbers, float: numbers, str: texts}
                # Of the same kind mostly: what has the wrong one is refused before it is looked at.
                likely = kinds.get(type(node[key]), others) if dice.random() < 0.8 else numbers + texts + others
                node[key] = dice.choice(likely)
            break
    return json.dumps(tree, indent=2, sort_keys=True, separators=(",", " : "), ensure_ascii=False).encode() + b"\n"


def damaged_tensors(data: bytes, dice: random.Random) -> bytes:
    """A safetensors file with a header or numbers that make no sense, but often fit together."""
    if len(data) < 8 or dice.random() < 0.25:
        return damaged(data, dice)
    length = struct.unpack("<Q", data[:8])[0]
    header, body = data[8 : 8 + length], data[8 + length :]
    kind = dice.randrange(5)
    if kind == 0:
        header = damaged(header, dice)
    elif kind == 1:
        header = with_other_number(header, dice)
    elif kind == 2 and body:
        stride = dice.choice([1, 4, 8])
        for _ in range(dice.choice([1, 1, 5, 50])):
            place = dice.randrange(max(1, len(body) // stride)) * stride
            number = dice.choice(
                [0, 1, -1, 2**31 - 1, -(2**31), 2**62, -(2**63), 10**6, 0x7FC00000, 0x7F800000, 0x7F7FFFFF])
            body = body[:place] + struct.pack("<q", number)[:stride] + body[place + stride :]
    elif kind == 3:
        # Shape and bytes changed alike, so that the file is whole.
        names = json.loads(header)
        names.pop("__metadata__", None)
        name = dice.choice(sorted(names))
        entry = names[name]
        begin, end = entry["data_offsets"]
        size = (end - begin) // max(1, math.prod(entry["shape"]))
        cut = max(0, math.prod(entry["shape"]) + dice.choice([-1, -2, 1, 5, -(10**6)]))
        body = body[:begin] + (body[begin:end] + bytes(8 * size))[: cut * size] + body[end:]
        shift = begin + len((bytes(end - begin) + bytes(8 * size))[: cut * size]) - end
        entry["shape"] = [cut if cut * size == end - begin + shift else (end - begin + shift) // size]
        for other in names.values():
            other["data_offsets"] = [o + shift if o >= end and (o > begin) else o for o in other["data_offsets"]]
        entry["data_offsets"] = [begin, end + shift]
        header = json.dumps(names).encode()
    else:
        length = dice.choice([0, 1, length + 8, 2**63, 2**64 - 1, 10**8, len(data)])
        return struct.pack("<Q", length) + header + body
    return struct.pack("<Q", len(header)) + header + body


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def write(path: str, data: bytes) -> str:
    with open(path, "wb") as file:
        file.write(data)
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def signed_state(text: bytes) -> bytes:
    """state.json with the checksum that goes with it."""
    without = re.sub(rb'  "checksum" : "[^"]*",?\n', b"", text)
    line = b'  "checksum" : "%s",\n' % sha256(without).encode()
    later = next((m for m in re.finditer(rb'^  "([^"]*)"', without, re.M) if m[1] > b"checksum"), None)
    return without[: later.start()] + line + without[later.start() :] if later else without


class Shop:
    """Small inputs of all kinds, whole."""

    def __init__(self, folder: str):
        self.folder = folder
        self.sessions = folder + "/s"
        self.dataset = folder + "/d"
        run = lambda *arguments: subprocess.run(
            [CARAVAN, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        run("synth", "--n-sessions", "240", "--items", "60", "--out", self.sessions)
        self.train, self.test, self.truth = (
            f"{self.sessions}/{name}.csv" for name in ("sessions_train", "sessions_test", "truth_test"))
        run("prepare", "--sessions", self.train, "--test", self.test, "--truth", self.truth, "--out", self.dataset)
        small = ["--dataset", self.dataset, "--epochs", "1", "--embedding-size", "8", "--hidden-size", "8"]
        run("train", *small, "--model", "GRU4Rec", "--batch-size", "64", "--out", folder + "/gru")
        run("train", "--dataset", self.dataset, "--model", "NEIGHBOURS", "--out", folder + "/counts")
        state = read(self.checkpoint("gru") + "/state.json")
        assert signed_state(state) == state, "state.json is signed in another way by now: signed_state must follow"
        rows = ["session_id:token\titem_id_list:token_seq\titem_id:token\titem_locale:token\titem_length:float"]
        padded = ["session_id:token\titem_id_list:token_seq\titem_id:token\titem_locale:token"]
        for number in range(120):
            items = [str(1 + (number * 7 + step * 3) % 40) for step in range(1 + number % 4)]
            end = f"\t{1 + number % 40}\t{['UK', 'DE', 'JP'][number % 3]}"
            rows.append(f"{number // 2}\t{' '.join(items + ['0'] * (5 - len(items)))}{end}\t{len(items)}.0")
            padded.append(f"{number // 2}\t{' '.join(items + ['0'] * (5 - len(items)))}{end}")
        self.inter = ["\n".join(lines).encode() + b"\n" for lines in (rows, padded)]

    def checkpoint(self, run: str) -> str:
        steps = os.listdir(f"{self.folder}/{run}/checkpoints")
        return f"{self.folder}/{run}/checkpoints/" + sorted(step for step in steps if step.startswith("step-"))[-1]


def prepare(shop, dice, work):
    path = write(work + "/x.csv", damaged(b"".join(read(shop.train).splitlines(True)[:80]), dice))
    skips = ["--skip-bad-rows"] if dice.random() < 0.3 else []
    if dice.random() < 0.3:
        return predict(shop, work, shop.dataset, shop.folder + "/gru", path, *skips)
    return ["prepare", "--sessions", path, "--out", work + "/o", *skips]


def prepare_inter(shop, dice, work):
    path = write(work + "/x.inter", damaged(dice.choice(shop.inter), dice))
    skips = ["--skip-bad-rows"] if dice.random() < 0.3 else []
    if dice.random() < 0.3:
        return predict(shop, work, shop.dataset, shop.folder + "/counts", path, *skips)
    return ["prepare", "--sessions", path, "--out", work + "/o", *skips]


def prepare_truth(shop, dice, work):
    path = write(work + "/x.csv", damaged(read(shop.truth), dice))
    skips = ["--skip-bad-rows"] if dice.random() < 0.3 else []
    return ["prepare", "--sessions", shop.train, "--test", shop.test, "--truth", path, "--out", work + "/o", *skips]


def predict(shop, work, dataset, checkpoint, sessions, *more):
    return ["predict", "--dataset", dataset, "--checkpoint", checkpoint, "--sessions", sessions, "--top", "5",
            "--out", work + "/p.csv", *more]


def use(shop, dice, work, dataset, checkpoint=None):
    """One of the commands that read a data set, or both it and a checkpoint."""
    run = checkpoint or shop.folder + dice.choice(["/gru", "/counts"])
    evaluate = ["evaluate", "--dataset", dataset, "--checkpoint", run, "--split", dice.choice(["valid", "test"])]
    choices = [evaluate, evaluate + ["--candidates", "locale", "--filter-seen"],
               evaluate + ["--blend", shop.folder + "/counts:0.5", "--transductive"],
               predict(shop, work, dataset, run, shop.test)]
    if checkpoint is None:
        choices += [["inspect", dataset], ["prepare", "--sessions", shop.train, "--vocabulary", dataset,
                                           "--out", work + "/o"],
                    ["train", "--dataset", dataset, "--model", dice.choice(["GRU4Rec", "SRGNN", "CORE", "SASRec", "COVISIT"]),
                     "--out", work + "/r"]]
        if choices[-1][4] != "COVISIT":
            choices[-1] += ["--epochs", "1", "--max-steps", "2", "--batch-size", "64", "--embedding-size", "8"]
    return dice.choice(choices)


def with_dataset(shop, dice, work):
    folder = work + "/d"
    shutil.copytree(shop.dataset, folder)
    return folder


def dataset_json(shop, dice, work):
    folder = with_dataset(shop, dice, work)
    write(folder + "/dataset.json", damaged_json(read(folder + "/dataset.json"), dice))
    return use(shop, dice, work, folder)


def dataset_tensors(shop, dice, work):
    names = ["train.safetensors", "valid.safetensors", "test.safetensors", "products.safetensors"]
    return dataset_file(shop, dice, work, dice.choice(names), damaged_tensors)


def items_txt(shop, dice, work):
    return dataset_file(shop, dice, work, "items.txt", damaged)


def dataset_file(shop, dice, work, name, damage):
    folder = with_dataset(shop, dice, work)
    before = read(f"{folder}/{name}")
    after = damage(before, dice)
    write(f"{folder}/{name}", after)
    if dice.random() < 0.9:
        manifest = read(folder + "/dataset.json").replace(sha256(before).encode(), sha256(after).encode())
        write(folder + "/dataset.json", manifest)
    return use(shop, dice, work, folder)


def with_checkpoint(shop, dice, work, run):
    folder = work + "/c"
    shutil.copytree(shop.checkpoint(run), folder)
    return folder


def state_json(shop, dice, work):
    run = dice.choice(["gru", "counts"])
    folder = with_checkpoint(shop, dice, work, run)
    text = damaged_json(read(folder + "/state.json"), dice)
    write(folder + "/state.json", signed_state(text) if dice.random() < 0.8 else text)
    return use_checkpoint(shop, dice, work, folder, run)


def checkpoint_tensors(shop, dice, work, run="gru"):
    folder = with_checkpoint(shop, dice, work, run)
    name = dice.choice([name for name in os.listdir(folder) if name.endswith(".safetensors")])
    before = read(f"{folder}/{name}")
    after = damaged_tensors(before, dice)
    write(f"{folder}/{name}", after)
    if dice.random() < 0.9:
        state = read(folder + "/state.json").replace(sha256(before).encode(), sha256(after).encode())
        write(folder + "/state.json", signed_state(state))
    return use_checkpoint(shop, dice, work, folder, run)


def checkpoint_counts(shop, dice, work):
    return checkpoint_tensors(shop, dice, work, "counts")


def use_checkpoint(shop, dice, work, folder, run):
    """Evaluated, predicted with, or gone on from."""
    if run == "gru" and dice.random() < 0.3:
        return ["train", "--dataset", shop.dataset, "--model", "GRU4Rec", "--batch-size", "64", "--epochs", "2",
                "--embedding-size", "8", "--hidden-size", "8", "--resume", folder, "--out", work + "/r"]
    return use(shop, dice, work, shop.dataset, folder)


CONFIG = b"""# of a run
model: GRU4Rec
embedding_size: 8
hidden_size: 8
dropout: 0.2
lr: 0.01
batch_size: 64
loss: ce
lr_schedule: cosine
locales: ES,FR
"""

SWEEP = b"""command: train
options:
  dataset: DATA
  model: GRU4Rec
  epochs: 1
grid:
  lr: [0.1, 0.01]
  dropout: [0, 0.2]
  batch_size: [64, 128]
"""

SEARCH = b"""command: finetune
options:
  dataset: DATA
  checkpoint: RUN
  epochs: 1
random:
  samples: 4
  seed: 3
  options:
    lr: {from: 0.0001, to: 0.01, scale: log}
    moments: [keep, fresh]
    max_steps: {from: 1, to: 3}
"""


def config_yaml(shop, dice, work):
    path = write(work + "/x.yaml", damaged(CONFIG, dice))
    return ["train", "--config", path, "--dataset", shop.dataset, "--epochs", "1", "--max-steps", "1",
            "--out", work + "/r"]


def sweep_yaml(shop, dice, work):
    text = dice.choice([SWEEP, SEARCH]).replace(b"DATA", shop.dataset.encode())
    text = text.replace(b"RUN", (shop.folder + "/gru").encode())
    path = write(work + "/x.yaml", damaged(text, dice))
    return ["sweep", path, "--dry-run", "--out", work + "/r"]


READERS = {
    "csv": prepare, "inter": prepare_inter, "truth": prepare_truth, "dataset.json": dataset_json,
    "dataset": dataset_tensors, "items.txt": items_txt, "state.json": state_json, "checkpoint": checkpoint_tensors,
    "counts": checkpoint_counts, "config": config_yaml, "sweep": sweep_yaml,
}


def complaint(command: str, status, stdout: bytes, stderr: bytes) -> str | None:
    """What is wrong with how a process ended."""
    if status is None:
        return f"no end within {TIME_LIMIT} s"
    if status < 0 or status >= 128:
        return f"died, rc {status}"
    if status == 0:
        is_none = command == "evaluate" and re.search(rb"(?i)\b(nan|inf)\b", stdout)
        return "a figure that is none" if is_none else None
    # Training says what it does on standard error before it fails; what it then says of the failure is one line.
    lines = [line for line in stderr.split(b"\n") if line]
    own = [line for line in lines if line.startswith(b"caravan: ")]
    if len(own) != 1:
        return f"{len(own)} lines of ours, {len(lines)} in all"
    for line in lines:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            return "a line that is no UTF-8"
        if len(text) > 300:
            return f"a line of {len(text)} characters"
        if not text.isprintable():
            return "a line that is not printable"
    return None


def attempt(shop: Shop, reader: str, number: int, kept: str) -> str | None:
    dice = random.Random(f"{SEED} {reader} {number}")
    work = tempfile.mkdtemp(dir=shop.folder)
    arguments = READERS[reader](shop, dice, work)
    try:
        ended = subprocess.run([CARAVAN, *arguments], capture_output=True, timeout=TIME_LIMIT, stdin=subprocess.DEVNULL)
        status, stdout, stderr = ended.returncode, ended.stdout, ended.stderr
    except subprocess.TimeoutExpired as late:
        status, stdout, stderr = None, late.stdout or b"", late.stderr or b""
    wrong = complaint(arguments[0], status, stdout, stderr)
    OUTCOMES[reader][0 if status == 0 else 1] += 1
    if status:
        line = stderr.split(b"\n")[-2:-1]
        sentence = re.sub(r"\S*/\S*|'[^']*'|[0-9]+", "…", line[0].decode("utf-8", "replace") if line else "")
        REFUSALS[reader][sentence[:120]] += 1
    if wrong is None:
        shutil.rmtree(work)
        return None
    place = f"{kept}/{reader}-{number}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(work, place, symlinks=True)
    shutil.rmtree(work)
    write(place + "/stderr", stderr)
    command = " ".join(argument.replace(work, place) for argument in arguments)
    return f"{reader} {number}: {wrong}\n    caravan {command}\n    {stderr[:300]!r}"


OUTCOMES = {reader: [0, 0] for reader in READERS}
REFUSALS = {reader: Counter() for reader in READERS}


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2500
    readers = sys.argv[2:] or list(READERS)
    kept = tempfile.mkdtemp(prefix="caravan-fuzz-")
    bad = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        shop = Shop(folder)
        shutil.copytree(folder, kept + "/whole", symlinks=True)
        for reader in readers:
            for wrong in pool.map(lambda number: attempt(shop, reader, number, kept), range(count)):
                if wrong:
                    bad += 1
                    print(wrong.replace(folder, kept + "/whole"), flush=True)
            used, refused = OUTCOMES[reader]
            print(f"{reader}: {used} used, {refused} refused in {len(REFUSALS[reader])} ways", flush=True)
            if os.environ.get("VERBOSE"):
                for sentence, times in REFUSALS[reader].most_common(12):
                    print(f"    {times} {sentence}", flush=True)
    if bad == 0:
        shutil.rmtree(kept)
    print(f"{bad} of {count * len(readers)} went wrong" + (f": {kept}" if bad else ""))
    return 1 if bad else 0


sys.exit(main())
