"""The six session models as NumPy computes them, an example to read and to take along: a session in, its vector out.

    run = Run("runs/first")                     a run, or a checkpoint's folder
    scores = run.scores(run.rows(["B01", "B02"]))   of all items, in the order of items.txt

docs/python.md says what else `caravan predict` does: which items it knows, which are candidates, how ties are broken.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


class Run:
    """A checkpoint's weights, options and items."""

    def __init__(self, path):
        path = Path(path)
        places = [path, path / "checkpoints" / "best", path / "checkpoints" / "latest"]
        self.folder = next(place for place in places if (place / "state.json").exists())
        self.options = json.loads((self.folder / "state.json").read_text())["options"]
        self.weights = load_file(self.folder / "model.safetensors")
        self.items = (self.folder / "items.txt").read_text(encoding="utf-8").split("\n")[:-1]
        self.row_of_item = {item: row for row, item in enumerate(self.items, 1)}
        self.encode = ENCODERS[self.options["model"]]
        self.scored = scored_items(self)

    def __getitem__(self, name):
        return self.weights[name]

    def number(self, option):
        return float(self.options[option])

    def layers(self, pattern):
        """How many weights there are of layers that are numbered from 0."""
        return next(layer for layer in range(len(self.weights) + 1) if pattern.format(layer) not in self.weights)

    @property
    def table(self):
        """`[items + 1, D]`; row 0 is padding."""
        return self[TABLES.get(self.options["model"], "item_embedding.weight")]

    def rows(self, items, known=None):
        """The rows of a session's items, without those that the model does not know: where `known` is given, a set of
        rows, those that training has not seen."""
        rows = [self.row_of_item[item] for item in items if item in self.row_of_item]
        return np.array([row for row in rows if known is None or row in known], dtype=np.int64)

    def scores(self, rows):
        """`[items]`: of a session with at least one known item."""
        return self.scored @ self.encode(self, rows)


def scored_items(run):
    """`[items, D]`: what session vectors are multiplied with."""
    items = run.table[1:]
    if run.options["model"] != "CORE":
        return items
    return normalised(items) / np.float32(run.number("temperature"))


# What the encoders are made of


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def normalised(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


def gelu(x):
    """x·Φ(x), exact."""
    from math import erf, sqrt

    return x * (1 + np.vectorize(erf, otypes=[np.float32])(x / sqrt(2))) / 2


ACTIVATIONS = {
    "gelu": gelu,
    "relu": lambda x: np.maximum(x, 0),
    "swish": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
}


def linear(run, name, x):
    """x·Wᵀ + b; without b where there is none."""
    y = x @ run[f"{name}.weight"].T
    return y + run[f"{name}.bias"] if f"{name}.bias" in run.weights else y


def layer_norm(run, name, x, epsilon):
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)
    return centred / deviation * run[f"{name}.weight"] + run[f"{name}.bias"]


def gru(x, w_input, w_hidden):
    """PyTorch's GRU without biases. Its weights hold three blocks of rows: reset gate r, update gate z, candidate n.
    Returns the states after each click."""
    state, states = np.zeros(w_hidden.shape[1], np.float32), []
    for click in x @ w_input.T:
        (r_in, z_in, n_in), (r, z, n) = np.split(click, 3), np.split(w_hidden @ state, 3)
        r, z = sigmoid(r_in + r), sigmoid(z_in + z)
        state = (1 - z) * np.tanh(n_in + r * n) + z * state
        states.append(state)
    return np.array(states)


def attended(values, keys, query, weight):
    """Σ (weight · σ(key + query)) value: attention without a softmax."""
    return (sigmoid(keys + query) @ weight.T * values).sum(axis=0)


def causal_attention(queries, keys, values, heads):
    clicks, width = queries.shape
    split = [x.reshape(clicks, heads, width // heads).swapaxes(0, 1) for x in (queries, keys, values)]
    products = split[0] @ split[1].swapaxes(1, 2) / np.sqrt(np.float32(width // heads))
    shares = softmax(np.where(np.tri(clicks, dtype=bool), products, -np.inf))
    return (shares @ split[2]).swapaxes(0, 1).reshape(clicks, width)


# The models. x are the session's looked-up items, `[clicks, D]`.


def gru4rec(run, rows):
    states = run.table[rows]
    for layer in range(run.layers("gru_layers.weight_ih_l{}")):
        states = gru(states, run[f"gru_layers.weight_ih_l{layer}"], run[f"gru_layers.weight_hh_l{layer}"])
    return linear(run, "dense", states[-1])


def narm(run, rows):
    states = run.table[rows]
    for layer in range(run.layers("gru.weight_ih_l{}")):
        states = gru(states, run[f"gru.weight_ih_l{layer}"], run[f"gru.weight_hh_l{layer}"])
    local = attended(states, linear(run, "a_1", states), linear(run, "a_2", states[-1]), run["v_t.weight"])
    return linear(run, "b", np.concatenate([local, states[-1]]))


def stamp(run, rows):
    x = run.table[rows]
    mean = x.mean(axis=0)
    query = linear(run, "w2", x[-1]) + linear(run, "w3", mean) + run["b_a"]
    memory = attended(x, linear(run, "w1", x), query, run["w0.weight"]) + mean
    return np.tanh(linear(run, "mlp_a", memory)) * np.tanh(linear(run, "mlp_b", x[-1]))


def srgnn(run, rows):
    """The nodes of the graph are the session's different items; an edge counts once however often it was taken."""
    nodes, node_of_click = np.unique(rows, return_inverse=True)
    edges = np.zeros((len(nodes), len(nodes)), np.float32)
    edges[node_of_click[:-1], node_of_click[1:]] = 1
    x = run.table[nodes]

    def heard(layer, from_whom, bias):
        shares = from_whom / np.maximum(from_whom.sum(axis=1, keepdims=True), 1)
        return shares @ linear(run, layer, x) + run[bias]

    for _ in range(int(run.options["step"])):
        both = np.concatenate(
            [heard("gnn.linear_edge_in", edges.T, "gnn.b_iah"), heard("gnn.linear_edge_out", edges, "gnn.b_ioh")], axis=1
        )
        r_in, i_in, n_in = np.split(both @ run["gnn.w_ih"].T + run["gnn.b_ih"], 3, axis=1)
        r, i, n = np.split(x @ run["gnn.w_hh"].T + run["gnn.b_hh"], 3, axis=1)
        candidate = np.tanh(n_in + sigmoid(r_in + r) * n)
        x = x + sigmoid(i_in + i) * (candidate - x)
    clicks = x[node_of_click]
    found = attended(
        clicks, linear(run, "linear_two", clicks), linear(run, "linear_one", clicks[-1]), run["linear_three.weight"])
    return linear(run, "linear_transform", np.concatenate([found, clicks[-1]]))


def core(run, rows):
    x = run.table[rows]
    if run.options["dnn_type"] == "ave":
        return normalised(x.mean(axis=0))
    epsilon, heads = run.number("layer_norm_eps"), int(run.options["n_heads"])
    states = layer_norm(run, "net.LayerNorm", x + run["net.position_embedding.weight"][: len(rows)], epsilon)
    for layer in range(int(run.options["n_layers"])):
        name = f"net.trm_encoder.layer.{layer}"
        queries, keys, values = (
            linear(run, f"{name}.multi_head_attention.{part}", states) for part in ("query", "key", "value"))
        mixed = linear(run, f"{name}.multi_head_attention.dense", causal_attention(queries, keys, values, heads))
        states = layer_norm(run, f"{name}.multi_head_attention.LayerNorm", mixed + states, epsilon)
        hidden = ACTIVATIONS[run.options["hidden_act"]](linear(run, f"{name}.feed_forward.dense_1", states))
        output = linear(run, f"{name}.feed_forward.dense_2", hidden)
        states = layer_norm(run, f"{name}.feed_forward.LayerNorm", output + states, epsilon)
    shares = softmax(linear(run, "net.fn", states)[:, 0])
    return normalised(shares @ x)


def sasrec(run, rows):
    places = np.arange(len(rows))
    if run.options["positions"] == "inverse":
        places = places[::-1]  # the last click's is 0
    x = run.table[rows] + run["pos_encoding_layer.pos_emb.weight"][places]
    heads, epsilon = int(run.options["n_heads"]), 1e-5

    def attention(name, asking, asked):
        """The three input layers are one weight: queries, keys, values. The keys' bias cancels in the softmax."""
        weights = np.split(run[f"{name}.in_proj_weight"], 3)
        biases = np.split(run[f"{name}.in_proj_bias"], 3)
        mixed = causal_attention(
            asking @ weights[0].T + biases[0], asked @ weights[1].T, asked @ weights[2].T + biases[2], heads)
        return linear(run, f"{name}.out_proj", mixed)

    for layer in range(int(run.options["n_layers"])):
        name = f"transformer_layers.transformer_blocks.{layer}"
        dense = f"{name}.feed_forward.ff_linear"
        if run.options["layer_type"] == "sasrec":
            asking = layer_norm(run, f"{name}.q_layer_norm", x, epsilon)
            heard = asking + attention(f"{name}.multi_head_attn", asking, x)
            heard = layer_norm(run, f"{name}.ff_layer_norm", heard, epsilon)
            x = heard + linear(run, f"{dense}_2", np.maximum(linear(run, f"{dense}_1", heard), 0))
        else:
            asked = layer_norm(run, f"{name}.layer_norm_1", x, epsilon)
            found = attention(f"{name}.multi_head_attn", asked, asked)
            x = x + sigmoid(linear(run, f"{name}.gating_linear_1", x)) * found
            known = layer_norm(run, f"{name}.layer_norm_2", x, epsilon)
            hidden = ACTIVATIONS["swish"](linear(run, f"{dense}_1", known)) * linear(run, f"{dense}_3", known)
            x = x + sigmoid(linear(run, f"{name}.gating_linear_2", x)) * linear(run, f"{dense}_2", hidden)
    if run.options["layer_type"] == "sasrec":
        return layer_norm(run, "transformer_layers.last_layernorm", x[-1], 1e-8)
    return x[-1]


ENCODERS = {"GRU4Rec": gru4rec, "NARM": narm, "STAMP": stamp, "SRGNN": srgnn, "CORE": core, "SASRec": sasrec}
TABLES = {"SASRec": "item_model.item_net_blocks.0.ids_emb.weight"}
