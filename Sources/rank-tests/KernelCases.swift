import CKernels
import CPhilox
import Foundation
import MPI
import Tensors

/// Runs every kernel once and writes what came out, as a JSON object of lists of numbers, into the file that is the
/// case's argument; with an instruction set as another argument, pinned to it. InstructionSetTests compares what
/// processes on several instruction sets write.
var kernelCases: [String: RankCase] {
  [
    "kernels": { _ in
      guard CommandLine.arguments.count > 2 else { throw CheckFailed("name a file") }
      if CommandLine.arguments.count > 3 {
        guard let isa = InstructionSet(rawValue: CommandLine.arguments[3]) else { throw CheckFailed("no such --isa") }
        try InstructionSet.pin(isa)
      }
      let results = [
        elementwiseKernels(), activationKernels(), optimizerKernels(), rowKernels(), recurrentKernels(),
        poolingKernels(), attentionKernels(), headKernels(), sampledLossKernels(), products(),
      ].reduce(into: [:]) { all, some in all.merge(some) { _, _ in preconditionFailure("a kernel has two results") } }
      try JSONEncoder().encode(results).write(to: URL(fileURLWithPath: CommandLine.arguments[2]))
    }
  ]
}

private typealias Results = [String: [Float]]

/// No multiple of any vector's length, so that the remainders are run too.
private let count = 1003
private let rows = 7
private let width = 53

/// Numbers from `low` to `high`, the same for the same seed.
private func numbers(_ count: Int, seed: UInt32, from low: Float = -2, to high: Float = 2) -> [Float] {
  (0..<UInt32(count)).map { place in
    let draw = philox4x32(philox_block(word: (place, seed, 0, 0)), 2023)
    return low + (high - low) * philox_unit_float(draw.word.0)
  }
}

private func zeros(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }

private func elementwiseKernels() -> Results {
  let x = numbers(count, seed: 1), row = numbers(width, seed: 2), matrix = numbers(rows * width, seed: 3)
  var added = numbers(count, seed: 4), rowAdded = matrix, rowsSummed = zeros(width), product = zeros(count)
  ck_add(Int64(count), x, &added)
  ck_add_row(Int64(rows), Int64(width), row, &rowAdded)
  ck_sum_rows(Int64(rows), Int64(width), matrix, &rowsSummed)
  ck_multiply(Int64(count), x, numbers(count, seed: 5), &product)
  var scaled = matrix, squares = [Double](repeating: 0, count: rows)
  ck_scale_rows(Int64(rows), Int64(width), numbers(rows, seed: 7), &scaled)
  ck_sum_squares(Int64(rows), Int64(width), matrix, &squares)
  var table = numbers(3 * width, seed: 6)
  ck_scatter_add_rows(Int64(rows), Int64(width), matrix, [0, 2, 1, 1, 0, 2, 2], &table)
  var rounded = [UInt16](repeating: 0, count: count)
  ck_to_bf16(Int64(count), x, &rounded)
  let sessions = (0..<Int32(rows)).map { $0 * 3 }, times = (0..<Int32(rows)).map { $0 % 2 }
  var dropped = zeros(rows * width), tableDropped = dropped
  ck_dropout(Int64(rows), Int64(width), matrix, 0.3, 99, 5, 2, sessions, times, &dropped)
  ck_dropout_table_rows(Int64(rows), Int64(width), matrix, 0.3, 99, 5, 2, 40, &tableDropped)
  return [
    "add": added, "add_row": rowAdded, "sum_rows": rowsSummed, "multiply": product, "scatter_add_rows": table,
    "to_bf16": floats(rounded), "dropout": dropped, "dropout_table_rows": tableDropped, "scale_rows": scaled,
    // Both halves of a Double's bits would be lost in one Float.
    "sum_squares": squares.flatMap { [Float($0), Float($0 - Double(Float($0)))] },
  ]
}

private func floats(_ halves: [UInt16]) -> [Float] { halves.map { Float(bitPattern: UInt32($0) << 16) } }

private func activationKernels() -> Results {
  let kinds = ["tanh": CK_TANH, "sigmoid": CK_SIGMOID, "relu": CK_RELU, "swish": CK_SWISH, "gelu": CK_GELU]
  let x = numbers(count, seed: 10, from: -6, to: 6), dy = numbers(count, seed: 11)
  var results: Results = [:]
  for (name, kind) in kinds {
    var y = zeros(count), dx = zeros(count)
    ck_activate(kind, Int64(count), x, &y)
    ck_activate_backward(kind, Int64(count), x, y, dy, &dx)
    results[name] = y
    results[name + "_backward"] = dx
  }
  return results
}

private func optimizerKernels() -> Results {
  let gradient = numbers(count, seed: 20)
  var weight = numbers(count, seed: 21), first = numbers(count, seed: 22)
  var second = numbers(count, seed: 23, from: 0.1, to: 1)
  ck_adam(
    Int64(count), gradient, 0.5, 0.01, 0.7, 0.9, 0.999, 1e-8, 0.01, 0.999, &weight, &first, &second)
  var other = numbers(count, seed: 24), sum = numbers(count, seed: 25, from: 0.1, to: 1)
  var velocity = numbers(count, seed: 26)
  ck_adagrad(Int64(count), gradient, 0.5, 0.01, 0.9, 1e-6, 0.01, &other, &sum, &velocity)
  return ["adam": weight + first + second, "adagrad": other + sum + velocity]
}

private func rowKernels() -> Results {
  let x = numbers(rows * width, seed: 30), dy = numbers(rows * width, seed: 31), gain = numbers(width, seed: 32)
  var inverse = zeros(rows), unit = zeros(rows * width), dx = unit
  ck_normalise_rows(Int64(rows), Int64(width), x, 2, &inverse, &unit)
  ck_normalise_rows_backward(Int64(rows), Int64(width), unit, 2, inverse, dy, &dx)
  var standard = zeros(rows * width), deviation = zeros(rows), y = standard, dSum = standard
  var dGain = zeros(width), dBias = zeros(width)
  ck_layer_norm(
    Int64(rows), Int64(width), x, numbers(rows * width, seed: 33), gain, numbers(width, seed: 34), 1e-12, &standard,
    &deviation, &y)
  ck_layer_norm_backward(
    Int64(rows), Int64(width), gain, standard, deviation, dy, &dGain, &dBias, &dSum)
  return [
    "normalise_rows": unit + inverse, "normalise_rows_backward": dx, "layer_norm": y + standard + deviation,
    "layer_norm_backward": dSum + dGain + dBias,
  ]
}

private func recurrentKernels() -> Results {
  let before = numbers(rows * width, seed: 40), fromHidden = numbers(rows * 3 * width, seed: 41)
  let dAfter = numbers(rows * width, seed: 42)
  var gates = numbers(rows * 3 * width, seed: 43), candidate = zeros(rows * width), after = candidate
  var dInput = zeros(rows * 3 * width), dHidden = dInput, dBefore = candidate
  ck_gru_cell(Int64(rows), Int64(width), &gates, fromHidden, before, &candidate, &after)
  ck_gru_cell_backward(
    Int64(rows), Int64(width), gates, candidate, before, dAfter, &dInput, &dHidden, &dBefore)
  var results = ["gru_cell": gates + candidate + after, "gru_cell_backward": dInput + dHidden + dBefore]
  gates = numbers(rows * 3 * width, seed: 44)
  ck_gated_node(Int64(rows), Int64(width), &gates, fromHidden, before, &after)
  ck_gated_node_backward(
    Int64(rows), Int64(width), gates, fromHidden, before, dAfter, &dInput, &dHidden, &dBefore)
  results["gated_node"] = gates + after
  results["gated_node_backward"] = dInput + dHidden + dBefore
  return results
}

private func poolingKernels() -> Results {
  let x = numbers(rows * width, seed: 50), first: [Int32] = [0, 3], end: [Int32] = [3, 7]
  let dPooled = numbers(2 * width, seed: 51)
  var mean = zeros(2 * width), dx = zeros(rows * width)
  ck_segment_mean(2, Int64(width), first, end, x, &mean)
  ck_segment_mean_backward(2, Int64(width), first, end, dPooled, &dx)
  var results = ["segment_mean": mean, "segment_mean_backward": dx]

  let keys = numbers(rows * width, seed: 52), queries = numbers(2 * width, seed: 53), weight = numbers(width, seed: 54)
  var share = zeros(rows), pooled = zeros(2 * width), scratch = zeros(rows)
  ck_additive_attention(
    2, Int64(width), Int64(width), first, end, keys, queries, weight, x, &share, &pooled)
  var dKeys = zeros(rows * width), dQueries = zeros(2 * width), dWeight = zeros(width), dValues = dKeys
  ck_additive_attention_backward(
    2, Int64(width), Int64(width), first, end, keys, queries, weight, x, share, dPooled, &dKeys, &dQueries, &dWeight,
    &dValues)
  results["additive_attention"] = share + pooled
  results["additive_attention_backward"] = dKeys + dQueries + dWeight + dValues

  let scores = numbers(rows, seed: 55)
  var dScores = zeros(rows)
  dValues = zeros(rows * width)
  ck_softmax_pooling(2, Int64(width), first, end, scores, x, &share, &pooled)
  ck_softmax_pooling_backward(
    2, Int64(width), first, end, x, share, dPooled, &scratch, &dScores, &dValues)
  results["softmax_pooling"] = share + pooled
  results["softmax_pooling_backward"] = dScores + dValues

  let offsets: [Int32] = [0, 2, 5, 5], neighbours: [Int32] = [1, 2, 0, 1, 2]
  var mixed = zeros(3 * width)
  dx = zeros(rows * width)
  ck_neighbour_mean(3, Int64(width), offsets, neighbours, x, weight, &mixed)
  ck_neighbour_mean_backward(3, Int64(width), offsets, neighbours, x, &dx)
  results["neighbour_mean"] = mixed
  results["neighbour_mean_backward"] = dx
  return results
}

private func attentionKernels() -> Results {
  let heads = 2, wide = heads * 27, offsets: [Int32] = [0, 5, 7]
  let pairs = heads * (15 + 3)
  let queries = numbers(rows * wide, seed: 60), keys = numbers(rows * wide, seed: 61)
  let values = numbers(rows * wide, seed: 62), dMixed = numbers(rows * wide, seed: 63)
  let kept = numbers(pairs, seed: 64, from: 0, to: 1.4)
  var probabilities = zeros(pairs), mixed = zeros(rows * wide), scratch = zeros(rows)
  var dQueries = mixed, dKeys = mixed, dValues = mixed
  ck_causal_attention(
    2, Int64(heads), 27, offsets, queries, keys, values, kept, &probabilities, &mixed)
  ck_causal_attention_backward(
    2, Int64(heads), 27, offsets, queries, keys, values, kept, probabilities, dMixed, &scratch, &dQueries, &dKeys,
    &dValues)
  var dropped = zeros(pairs)
  ck_causal_dropout(2, Int64(heads), offsets, 0.3, 99, 5, 2, [0, 7], &dropped)
  return [
    "causal_attention": probabilities + mixed, "causal_attention_backward": dQueries + dKeys + dValues,
    "causal_dropout": dropped,
  ]
}

private func headKernels() -> Results {
  let items = 37, sessions = 48
  let logits = numbers(items * sessions, seed: 70, from: -9, to: 9)
  let scale = numbers(sessions, seed: 71, from: 0, to: 1)
  var reference = [Float](repeating: -.infinity, count: sessions), sums = [Double](repeating: 0, count: sessions)
  ck_softmax_fold(Int64(items), Int64(sessions), logits, &reference, &sums)
  let normaliser = zip(reference, sums).map { $0 + Float(log2($1)) }
  var gradient = logits, halves = [UInt16](repeating: 0, count: items * sessions)
  ck_softmax_gradient(Int64(items), Int64(sessions), normaliser, scale, &gradient)
  ck_softmax_gradient_bf16(Int64(items), Int64(sessions), normaliser, scale, logits, &halves)
  let weights = softmaxWeights(logits, items: items, sessions: sessions, isRounded: false)
  let roundedWeights = softmaxWeights(logits, items: items, sessions: sessions, isRounded: true)

  let mask = (0..<items).map { UInt8(1 << ($0 % 3)) }, allowed = (0..<sessions).map { Int32(1 + $0 % 7) }
  let targets = (0..<sessions).map { Int32($0 % items) }
  let targetLogits = targets.enumerated().map { logits[Int($0.element) * sessions + $0.offset] }
  var above = [Int32](repeating: 0, count: sessions), places = [Int32](repeating: 0, count: items * sessions)
  ck_count_above(Int64(items), Int64(sessions), logits, 0, mask, allowed, targetLogits, targets, &above)
  let threshold = [Float](repeating: 8, count: sessions)
  let found = ck_collect_above(Int64(items), Int64(sessions), logits, mask, allowed, threshold, &places)
  return [
    "softmax_fold": reference + sums.map { Float($0) }, "softmax_gradient": gradient,
    "softmax_gradient_bf16": floats(halves), "softmax_weights": weights, "softmax_weights_bf16": roundedWeights,
    "count_above": above.map { Float($0) },
    "collect_above": places.prefix(Int(found)).map { Float($0) },
  ]
}

/// Folds a tile, and one of far larger logits that moves the references.
private func softmaxWeights(_ logits: [Float], items: Int, sessions: Int, isRounded: Bool) -> [Float] {
  var reference = [Float](repeating: -.infinity, count: sessions), sums = [Double](repeating: 0, count: sessions)
  var factor = zeros(sessions), terms = zeros(sessions), found: [Float] = []
  for shift in [Float(0), 60] {
    for mayMove in [true, false] {
      var tile = logits.enumerated().map { $1 + ($0 % 5 == 0 ? shift : 0) }
      var halves = [UInt16](repeating: 0, count: items * sessions)
      let isFolded = halves.withUnsafeMutableBufferPointer { halves in
        ck_softmax_weights(
          Int64(items), Int64(sessions), &tile, isRounded ? halves.baseAddress : nil, &reference, &sums, mayMove,
          &factor, &terms)
      }
      found += [isFolded ? 1 : 0] + reference + (isFolded ? [] : factor)
      if isFolded {
        found += isRounded ? floats(halves) : tile
        break
      }
    }
  }
  return found + sums.map { Float($0) }
}

private func sampledLossKernels() -> Results {
  let sessions = 5, columns = 61
  let kinds = [
    "cross_entropy": ck_loss_cross_entropy, "bpr_max": ck_loss_bpr_max, "top1_max": ck_loss_top1_max,
  ]
  var results: Results = kinds.mapValues { kind in
    var logits = numbers(sessions * columns, seed: 80), scratch = zeros(2 * columns)
    var losses = [Double](repeating: 0, count: sessions)
    ck_sampled_loss(
      kind, Int64(sessions), Int64(columns), [40, 41, 42, 43, 44], numbers(columns, seed: 81), 0.5, 1, 0.25, &logits,
      &scratch, &losses)
    return logits + losses.map { Float($0) }
  }
  let negative = (0..<columns).map { $0 % 3 == 0 ? Float(0) : 1 }
  var logits = numbers(sessions * columns, seed: 82), losses = [Double](repeating: 0, count: sessions)
  ck_binary_loss(
    Int64(sessions), Int64(columns), [40, 41, 42, 43, 44], negative, 0.75, 0.5, 0.25, &logits, &losses)
  results["binary_loss"] = logits + losses.map { Float($0) }
  return results
}

/// Through a call and through a plan.
private func products() -> Results {
  let (m, n, k) = (29, 31, 700)
  let a = numbers(m * k, seed: 90), b = numbers(k * n, seed: 91)
  var called = zeros(m * n), planned = called
  let status = ck_matmul(false, false, Int64(m), Int64(n), Int64(k), a, b, false, &called)
  let plan = ck_matmul_plan_create(false, false, Int64(m), Int64(n), Int64(k), false, false)
  defer { ck_matmul_plan_destroy(plan) }
  guard status == 0, let plan, ck_matmul_plan_run(plan, a, b, &planned) == 0 else { return ["product": []] }
  return ["product": called, "product_plan": planned]
}
