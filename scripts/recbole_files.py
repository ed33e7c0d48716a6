"""What recbole_import.py reads and writes: state_dicts of PyTorch, and checkpoints of caravan. Needs torch and safetensors."""

import hashlib
import json
import os
import pickle
import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file


class Refused(Exception):
    """Why there is nothing to take over, in one sentence."""


TABLE = "item_embedding.weight"
# A tensor that each model has, and no other.
SIGNS = {
    "GRU4Rec": "gru_layers.weight_ih_l0", "NARM": "a_1.weight", "STAMP": "mlp_a.weight", "SRGNN": "gnn.w_ih",
    "CORE": "net.fn.weight",
}
ACTIVATIONS = ["gelu", "relu", "swish", "tanh", "sigmoid"]
# Options that no tensor tells, whether they change a score, and what RecBole calls them.
TOLD = {
    "GRU4Rec": {"dropout": (False, "dropout_prob")},
    "NARM": {"dropout_probs": (False, "dropout_probs")},
    "STAMP": {},
    "SRGNN": {"step": (True, "step")},
    "CORE": {
        "temperature": (True, "temperature"), "sess_dropout": (False, "sess_dropout"),
        "item_dropout": (False, "item_dropout"),
    },
}
TRANSFORMER = {
    "n_heads": (True, "n_heads"), "hidden_act": (True, "hidden_act"), "layer_norm_eps": (True, "layer_norm_eps"),
    "hidden_dropout": (False, "hidden_dropout_prob"), "attn_dropout": (False, "attn_dropout_prob"),
}


def import_model(source: Path, items: Path, folder: Path, model: str | None, given: dict):
    """Makes a checkpoint in `folder`; returns the model's name, the number of items, and what there is to say."""
    tensors, config = load(source)
    model = model or named_model(tensors, config, source)
    tokens = read_items(items)
    sizes = told_sizes(model, tensors)
    require_tensors(tensors, expected_shapes(model, sizes, rows=len(tokens) + 1), source, items)
    options = {"model": model, **sizes, **told_options(model, sizes, config, given), "loss": "ce", "targets": "last"}
    notes = []
    if model == "STAMP" and np.any(tensors[TABLE][0]):
        notes.append("row 0 of the table is not zero: RecBole adds it to padded sessions, caravan does not, so scores differ")
    if "max_length" in sizes:
        notes.append(f"it takes sessions of at most {sizes['max_length']} items: prepare with --max-length {sizes['max_length']}")
    tensors[TABLE][0] = 0
    write_checkpoint(folder, tensors, tokens, {name: text(value) for name, value in options.items()})
    return model, len(tokens), notes


def load(source: Path):
    """The tensors by name, as float32, and plain values beside them."""
    try:
        content = read(source)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise Refused(
            f"{source} holds {found[1] if found else 'objects'}, which is not loaded, for that could run code: save its "
            f"state_dict alone in RecBole's environment: python -c \"import torch; "
            f"torch.save(torch.load('{source.name}', weights_only=False)['state_dict'], 'plain.pth')\"") from error
    except (RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Refused(f"{source} is not what torch.save writes, or cut off: save it again ({error!r})") from error
    config = {}
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        config = content.get("config") or {}
        if isinstance(config, Inert):  # RecBole's Config
            config = config.values().get("final_config_dict")
        content = content["state_dict"]
    if not isinstance(content, dict) or not content or not all(isinstance(t, torch.Tensor) for t in content.values()):
        raise Refused(f"{source} holds no state_dict: save model.state_dict(), or a dict with it under 'state_dict'")
    tensors = {}
    for name, tensor in content.items():
        if not tensor.is_floating_point():
            raise Refused(f"{source}: {name} holds {tensor.dtype}, weights are floats")
        tensors[name] = tensor.detach().to(torch.float32).contiguous().numpy().copy()
        if not np.isfinite(tensors[name]).all():
            raise Refused(f"{source}: {name} has a number that is not finite")
    return tensors, config if isinstance(config, dict) else {}


def read(source: Path):
    """What torch.save wrote. Neither way runs code of a pickle's choice."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of protocols: what cannot be read is an error
            return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # What RecBole's trainer saves has its Config beside the weights, and a protocol that weights_only does not know.
        if "GLOBAL" in str(error):
            raise
    return torch.load(source, map_location="cpu", weights_only=False, pickle_module=NamedThings)


class Inert:
    """Stands for an object of a class that is not loaded: keeps what it was made of, and does nothing."""

    state = None

    def __init__(self, *_):
        pass

    def __setstate__(self, state):
        self.state = state

    def values(self) -> dict:
        return self.state if isinstance(self.state, dict) else {}


class NamedThings:
    """A pickle module for torch.load that knows by name what tensors are made of; what else RecBole saves is inert."""

    REAL = {
        ("collections", "OrderedDict"), ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_parameter"),
    }
    INERT = {
        ("torch", "device"), ("yaml.loader", "FullLoader"), ("numpy", "dtype"), ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
    }

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            if (module, name) in NamedThings.REAL:
                return super().find_class(module, name)
            if (module, name) in NamedThings.INERT or module.startswith("recbole."):
                return Inert
            raise pickle.UnpicklingError(f"GLOBAL {module}.{name}")

    load = pickle.load


def named_model(tensors: dict, config: dict, source: Path) -> str:
    if config.get("model") in SIGNS:
        return config["model"]
    if config.get("model"):
        raise Refused(f"{source} is of {config['model']}, only {', '.join(SIGNS)} can be taken over")
    for model, sign in SIGNS.items():
        if sign in tensors:
            return model
    if set(tensors) == {TABLE}:
        return "CORE"  # with dnn_type ave, which has nothing but the table
    raise Refused(f"{source} has no tensor that tells the model: only {', '.join(SIGNS)} can be taken over")


def read_items(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not UTF-8") from error
    if lines and lines[-1] == "":
        lines.pop()
    if lines and lines[0] == "[PAD]":
        lines.pop(0)
    seen = {}
    for number, item in enumerate(lines, 1):
        if not item or item != item.strip() or "\r" in item:
            raise Refused(f"{path}: item {number} is empty or has blanks around it: give an item a line")
        if item in seen:
            raise Refused(f"{path}: item {number}, {item}, is item {seen[item]} already")
        seen[item] = number
    if not lines:
        raise Refused(f"{path} has no items")
    return lines


def side(tensors: dict, name: str, place: int) -> int:
    """A side of a tensor; 0 where there is no such tensor, which is told later."""
    shape = tensors[name].shape if name in tensors else ()
    return shape[place] if place < len(shape) else 0


def layers(tensors: dict, pattern: str) -> int:
    found = [int(match[1]) for name in tensors if (match := re.fullmatch(pattern, name))]
    return max(found, default=0) + 1


def told_sizes(model: str, tensors: dict) -> dict:
    """The options that tensors tell."""
    sizes = {"embedding_size": side(tensors, TABLE, 1)}
    if model == "GRU4Rec":
        sizes["hidden_size"] = side(tensors, "gru_layers.weight_hh_l0", 1)
        sizes["num_layers"] = layers(tensors, r"gru_layers\.weight_ih_l(\d+)")
    if model == "NARM":
        sizes["hidden_size"] = side(tensors, "gru.weight_hh_l0", 1)
        sizes["num_layers"] = layers(tensors, r"gru\.weight_ih_l(\d+)")
    if model == "CORE":
        sizes["dnn_type"] = "trm" if any(name.startswith("net.") for name in tensors) else "ave"
    if sizes.get("dnn_type") == "trm":
        sizes["max_length"] = side(tensors, "net.position_embedding.weight", 0)
        sizes["n_layers"] = layers(tensors, r"net\.trm_encoder\.layer\.(\d+)\..*")
        sizes["inner_size"] = side(tensors, "net.trm_encoder.layer.0.feed_forward.dense_1.weight", 0)
    return sizes


def expected_shapes(model: str, sizes: dict, rows: int) -> dict:
    """The shape of every tensor that the model has."""
    width, hidden = sizes["embedding_size"], sizes.get("hidden_size", 0)
    shapes = {TABLE: (rows, width)}

    def dense(name, outputs, inputs):
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs), (outputs,)

    def recurrent(name):
        for layer in range(sizes["num_layers"]):
            shapes[f"{name}.weight_ih_l{layer}"] = (3 * hidden, width if layer == 0 else hidden)
            shapes[f"{name}.weight_hh_l{layer}"] = (3 * hidden, hidden)

    def norm(name):
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)

    if model == "GRU4Rec":
        recurrent("gru_layers")
        dense("dense", width, hidden)
    if model == "NARM":
        recurrent("gru")
        shapes |= {"a_1.weight": (hidden, hidden), "a_2.weight": (hidden, hidden), "v_t.weight": (1, hidden)}
        shapes["b.weight"] = (width, 2 * hidden)
    if model == "STAMP":
        shapes |= {f"w{number}.weight": (width, width) for number in (1, 2, 3)}
        shapes |= {"w0.weight": (1, width), "b_a": (width,)}
        dense("mlp_a", width, width)
        dense("mlp_b", width, width)
    if model == "SRGNN":
        shapes |= {"gnn.w_ih": (3 * width, 2 * width), "gnn.w_hh": (3 * width, width)}
        shapes |= {"gnn.b_ih": (3 * width,), "gnn.b_hh": (3 * width,), "gnn.b_iah": (width,), "gnn.b_ioh": (width,)}
        for name in ("gnn.linear_edge_in", "gnn.linear_edge_out", "linear_one", "linear_two"):
            dense(name, width, width)
        shapes["linear_three.weight"] = (1, width)
        dense("linear_transform", width, 2 * width)
    if sizes.get("dnn_type") == "trm":
        shapes["net.position_embedding.weight"] = (sizes["max_length"], width)
        norm("net.LayerNorm")
        dense("net.fn", 1, width)
        for layer in range(sizes["n_layers"]):
            name = f"net.trm_encoder.layer.{layer}"
            for part in ("query", "key", "value", "dense"):
                dense(f"{name}.multi_head_attention.{part}", width, width)
            norm(f"{name}.multi_head_attention.LayerNorm")
            dense(f"{name}.feed_forward.dense_1", sizes["inner_size"], width)
            dense(f"{name}.feed_forward.dense_2", width, sizes["inner_size"])
            norm(f"{name}.feed_forward.LayerNorm")
    return shapes


def require_tensors(tensors: dict, expected: dict, source: Path, items: Path):
    missing = sorted(expected.keys() - tensors.keys())
    if missing:
        raise Refused(f"{source} lacks {', '.join(missing)}: is it of another model?")
    extra = sorted(tensors.keys() - expected.keys())
    if extra:
        raise Refused(f"{source} has {', '.join(extra)}, which the model has not: is it of another one?")
    rows = tensors[TABLE].shape[0]
    if rows != expected[TABLE][0]:
        raise Refused(
            f"{source}: {TABLE} has {rows} rows, for {rows - 1} items and padding, but {items} has {expected[TABLE][0] - 1}")
    for name, shape in expected.items():
        if tensors[name].shape != shape:
            raise Refused(f"{source}: {name} has the shape {list(tensors[name].shape)}, {list(shape)} is needed")


def told_options(model: str, sizes: dict, config: dict, given: dict) -> dict:
    """The options that no tensor tells: given ones, else the configuration's."""
    wanted = dict(TOLD[model])
    if sizes.get("dnn_type") == "trm":
        wanted |= TRANSFORMER
    unknown = sorted(given.keys() - wanted.keys())
    if unknown:
        raise Refused(f"--set {unknown[0]}: what may be set here is {', '.join(wanted) or 'nothing'}")
    options = {name: config[theirs] for name, (_, theirs) in wanted.items() if config.get(theirs) is not None} | given
    missing = [name for name, (decides, _) in wanted.items() if decides and name not in options]
    if missing:
        raise Refused(
            f"nothing tells {', '.join(missing)}: give each as --set {missing[0]}=…, as the model was trained with")
    return {name: checked(name, value, sizes) for name, value in options.items()}


def checked(name: str, value, sizes: dict):
    """An option's value, where it makes sense."""
    try:
        if name == "hidden_act":
            if value not in ACTIVATIONS:
                raise ValueError
            return value
        if name in ("n_heads", "step"):
            if int(value) < 1 or name == "n_heads" and sizes["embedding_size"] % int(value):
                raise ValueError
            return int(value)
        if name == "dropout_probs":
            rates = value if isinstance(value, list) else str(value).strip("[]").split(",")
            if len(rates) != 2 or not all(0 <= float(rate) < 1 for rate in rates):
                raise ValueError
            return ",".join(str(float(rate)) for rate in rates)
        number = float(value)
        if name in ("temperature", "layer_norm_eps") and not number > 0 or "dropout" in name and not 0 <= number < 1:
            raise ValueError
        return number
    except (TypeError, ValueError) as error:
        raise Refused(f"{name} cannot be {value}: give what the model was trained with as --set {name}=…") from error


def text(value) -> str:
    return value if isinstance(value, str) else repr(value)


def write_checkpoint(folder: Path, tensors: dict, tokens: list[str], options: dict):
    """The files of a checkpoint; state.json last, which tells a whole one."""
    folder.mkdir(parents=True)
    # One entry: the order of several is another one each time, and so were the file's bytes.
    save_file(tensors, folder / "model.safetensors", metadata={"format": "caravan"})
    (folder / "items.txt").write_text("".join(f"{item}\n" for item in tokens), encoding="utf-8", newline="\n")
    files = {name: sha256((folder / name).read_bytes()) for name in ("items.txt", "model.safetensors")}
    state = {
        "dataset": "imported",  # no data set of caravan's: which items training saw is not known
        "files": files, "format_version": 3, "instruction_set": "any", "items": len(tokens), "options": options,
        "progress": {"best_step": 1, "epoch_loss": 0, "epoch_targets": 0, "epochs_since_best": 0},
        "step": 1, "vocabulary": files["items.txt"],
    }
    # The checksum is that of the text without it.
    state["checksum"] = sha256(state_text(state))
    (folder / "state.json").write_bytes(state_text(state))
    for path in folder.iterdir():
        with open(path, "rb") as written:
            os.fsync(written.fileno())


def state_text(state: dict) -> bytes:
    return (json.dumps(state, indent=2, sort_keys=True, separators=(",", " : "), ensure_ascii=False) + "\n").encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def export(source: Path, target: Path):
    """Writes a checkpoint's weights; returns its folder, the model's name and the number of tensors."""
    places = [source, source / "checkpoints" / "best", source / "checkpoints" / "latest"]
    folder = next((place for place in places if (place / "state.json").exists()), None)
    if folder is None:
        raise Refused(f"{source} is neither a run nor a checkpoint: give a folder that caravan train wrote")
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        options, checksum = state["options"], state["files"]["model.safetensors"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{folder}/state.json is damaged: copy the checkpoint again") from error
    if options["model"] not in [*SIGNS, "SASRec"]:
        raise Refused(f"{folder} is of {options['model']}, which has no state_dict")
    path = folder / "model.safetensors"
    if sha256(path.read_bytes()) != checksum:
        raise Refused(f"{path} is damaged, its SHA-256 is not that of state.json: copy it again")
    tensors = {name: torch.from_numpy(array) for name, array in load_file(path).items()}
    with open(target, "wb") as file:
        torch.save({"state_dict": tensors, "config": recbole_config(options)}, file)
        file.flush()
        os.fsync(file.fileno())
    return folder, options["model"], len(tensors)


def recbole_config(options: dict) -> dict:
    """The model's options under RecBole's names, as numbers where they are."""
    names = {"dropout": "dropout_prob", "hidden_dropout": "hidden_dropout_prob", "attn_dropout": "attn_dropout_prob"}
    if options["model"] == "NARM":
        names["num_layers"] = "n_layers"
    own = {
        "model", "embedding_size", "hidden_size", "num_layers", "dropout", "dropout_probs", "step", "dnn_type",
        "sess_dropout", "item_dropout", "temperature", "max_length", "n_layers", "n_heads", "inner_size",
        "hidden_dropout", "attn_dropout", "hidden_act", "layer_norm_eps", "layer_type", "positions",
    }

    def value(text: str):
        try:
            return json.loads(f"[{text}]" if "," in text else text)
        except ValueError:
            return text

    return {names.get(name, name): value(text) for name, text in options.items() if name in own}


def replace_file(temporary: Path, target: Path):
    if target.is_dir():
        raise Refused(f"{target} is a folder: choose another name")
    temporary.replace(target)


def replace_folder(temporary: Path, target: Path):
    """Puts a folder in its place; what is there must be a checkpoint."""
    if not os.path.lexists(target):
        temporary.rename(target)
        return
    if target.is_symlink() or not (target / "state.json").is_file():
        raise Refused(f"{target} holds no checkpoint, so it is not replaced: choose another name, or remove it yourself")
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    target.rename(old)
    temporary.rename(target)
    shutil.rmtree(old)
