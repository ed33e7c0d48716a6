#!/usr/bin/env python3
"""Makes the fixtures of SASRec and of the binary losses with RecTools' own modules, in float64.

    python3 -m venv env && env/bin/pip install torch==2.13.0 'rectools[torch]==0.19.0' safetensors
    env/bin/python scripts/rectools-fixtures.py Tests/TestSupport/Fixtures

Padding is masked (use_key_padding_mask) and is no candidate. The numbers depend on PyTorch's generators: another version
may make other fixtures, as good as these.
"""
import json
import sys
import types

import numpy as np
import torch
from rectools.models.nn.item_net import IdEmbeddingsItemNet, SumOfEmbeddingsConstructor
from rectools.models.nn.transformers.lightning import TransformerLightningModule
from rectools.models.nn.transformers.ligr import LiGRLayers
from rectools.models.nn.transformers.net_blocks import LearnableInversePositionalEncoding
from rectools.models.nn.transformers.sasrec import SASRecTransformerLayers
from rectools.models.nn.transformers.similarity import DistanceSimilarityModule
from rectools.models.nn.transformers.torch_backbone import TransformerTorchBackbone
from safetensors.numpy import save_file

LAYERS = {"sasrec": SASRecTransformerLayers, "ligr": LiGRLayers}


def backbone(sizes):
    """RecTools' network with its first weights, moved where a mix-up would not show."""
    rows, width, heads = (sizes[name] for name in ("n_items_with_padding", "embedding_size", "n_heads"))
    model = TransformerTorchBackbone(
        heads, 0.0, SumOfEmbeddingsConstructor(rows, [IdEmbeddingsItemNet(width, rows, 0.0)]),
        LearnableInversePositionalEncoding(True, sizes["max_length"], width),
        LAYERS[sizes["layer_type"]](n_blocks=sizes["n_layers"], n_factors=width, n_heads=heads, dropout_rate=0.0),
        DistanceSimilarityModule("dot"), use_causal_attn=True, use_key_padding_mask=True)
    TransformerLightningModule._xavier_normal_init(types.SimpleNamespace(torch_model=model))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 1:
                weight.add_(0.2 * torch.randn_like(weight))
            if name.endswith("emb.weight"):
                weight.mul_(2)
            if name.endswith("ids_emb.weight"):
                weight[0] = 0
    return model.train()


def draw(sizes, count, random):
    """Sessions padded on the right, the shortest and the longest among them; their lengths; what follows each."""
    longest, rows = sizes["longest"], sizes["n_items_with_padding"]
    lengths = np.concatenate([[1, longest], random.integers(1, longest + 1, count - 2)])
    random.shuffle(lengths)
    clicks = np.zeros((count, longest), np.int32)
    for session, length in enumerate(lengths):
        clicks[session, :length] = random.integers(1, rows, length)
    return clicks, lengths.astype(np.int32), random.integers(1, rows, count).astype(np.int32)


def forward(model, sizes, clicks, lengths, targets):
    """One pass over sessions padded on the left, as RecTools trains: every click but the first is a target, too."""
    x = torch.zeros(len(clicks), sizes["max_length"], dtype=torch.long)
    y = torch.zeros_like(x)
    for session, length in enumerate(lengths):
        x[session, -length:] = torch.tensor(clicks[session, :length])
        y[session, -length:] = torch.tensor(np.append(clicks[session, 1:length], targets[session]))
    if sizes["targets"] == "last":
        y[:, :-1] = 0
    items = model.item_model.get_all_embeddings()
    vectors = model.encode_sessions({"x": x}, items)[y != 0]
    logits = model.similarity_module(vectors, items)[:, 1:]
    return vectors, logits, torch.nn.functional.cross_entropy(logits, y[y != 0] - 1)


def float32(tensor):
    return np.ascontiguousarray(tensor.detach().numpy().astype(np.float32))


def weights(model, prefix):
    return {prefix + name: float32(weight) for name, weight in model.named_parameters()}


def save(folder, name, tensors, metadata):
    texts = {key: json.dumps(value) if isinstance(value, str) else str(value) for key, value in metadata.items()}
    if "model" in metadata:
        texts["model"] = metadata["model"]
    save_file(tensors, f"{folder}/{name}.safetensors", metadata=texts)


def single_step(folder, name, seed, **changed):
    sizes = dict(model="SASRec", n_items_with_padding=21, embedding_size=16, layer_type="sasrec", n_layers=2, n_heads=4,
                 max_length=8, longest=6, targets="all") | changed
    torch.manual_seed(seed)
    model = backbone(sizes)
    clicks, lengths, targets = draw(sizes, 7, np.random.default_rng(seed))
    vectors, logits, loss = forward(model, sizes, clicks, lengths, targets)
    loss.backward()
    tensors = {
        "input.item_seq": clicks, "input.item_seq_len": lengths, "input.target": targets,
        "output.session": float32(vectors), "output.logits": float32(logits), "output.loss": float32(loss.reshape(1)),
    } | weights(model, "weight.")
    tensors |= {"grad." + name: float32(weight.grad) for name, weight in model.named_parameters()}
    save(folder, name, tensors, sizes)


def trajectory(folder, name, seed, **changed):
    sizes = dict(model="SASRec", n_items_with_padding=25, embedding_size=12, layer_type="sasrec", n_layers=1, n_heads=2,
                 max_length=6, longest=5, targets="all", learning_rate=0.01, weight_decay=0.0, betas="0.9,0.98",
                 eps=1e-8, batch=12, steps=20) | changed
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    model = backbone(sizes)
    tensors = weights(model, "init.")
    betas = tuple(map(float, sizes["betas"].split(",")))
    adam = torch.optim.Adam(model.parameters(), lr=sizes["learning_rate"], betas=betas, eps=sizes["eps"])
    losses, batches = [], []
    for _ in range(sizes["steps"]):
        batches.append(draw(sizes, sizes["batch"], random))
        adam.zero_grad()
        loss = forward(model, sizes, *batches[-1])[2]
        loss.backward()
        adam.step()
        losses.append(loss.detach())
    tensors |= weights(model, "final.") | {"expected.loss": float32(torch.stack(losses))}
    for key, parts in zip(("item_seq", "item_seq_len", "target"), zip(*batches)):
        tensors["batch." + key] = np.concatenate(parts)
    save(folder, name, tensors, sizes)


def binary_losses(folder):
    """BCE and gBCE of targets whose negatives are the same samples."""
    torch.manual_seed(5)
    targets, samples, width, t = 9, 23, 7, 0.75
    session = torch.randn(targets, width, requires_grad=True)
    items = torch.randn(targets + samples, width, requires_grad=True)
    rectools = TransformerLightningModule
    calculator = types.SimpleNamespace(
        gbce_t=t, data_preparator=types.SimpleNamespace(n_negatives=samples), item_extra_tokens=("PAD",),
        torch_model=types.SimpleNamespace(item_model=types.SimpleNamespace(n_items=targets + samples + 1)),
        _calc_bce_loss=rectools._calc_bce_loss,
        _get_reduced_overconfidence_logits=lambda *given: rectools._get_reduced_overconfidence_logits(calculator, *given))
    share = np.random.default_rng(5).dirichlet(np.ones(targets + samples)).astype(np.float32)
    tensors = {"input.session": float32(session), "input.items": float32(items), "input.item_probability": share}
    for name in ("bce", "gbce"):
        session.grad = items.grad = None
        scores = session @ items.T
        logits = torch.cat([scores.diagonal()[:, None], scores[:, targets:]], 1)[:, None]
        given = (logits, torch.ones(targets, 1, dtype=torch.long), torch.ones(targets, 1))
        loss = rectools._calc_bce_loss(*given) if name == "bce" else rectools._calc_gbce_loss(calculator, *given)
        loss.backward()
        tensors |= {f"{name}.loss": float32(loss.reshape(1)), f"{name}.grad.session": float32(session.grad),
                    f"{name}.grad.items": float32(items.grad)}
    save(folder, "binary_losses", tensors, {"gbce_t": t})


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    folder = sys.argv[1]
    single_step(folder, "sasrec", 1)
    single_step(folder, "sasrec_last", 2, targets="last", n_layers=1, n_heads=2, embedding_size=14)
    single_step(folder, "sasrec_ligr", 3, layer_type="ligr", embedding_size=12, n_heads=3)
    trajectory(folder, "trajectory_sasrec", 4)
    trajectory(folder, "trajectory_sasrec_ligr", 6, layer_type="ligr", n_layers=2, embedding_size=8)
    binary_losses(folder)
