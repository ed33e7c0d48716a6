import MPI
import Tensors

// What is looked at before weights are saved or judged: that they are numbers, and that all ranks have the same.

extension Trainer {
  /// Weights of this size are past all use: products of two of them are no longer finite.
  package static let largestUsefulWeight: Float = 1e18

  /// The largest absolute value of all weights, infinity and NaN counting as larger than any number; each rank looks
  /// at its own rows. The same on every rank; collective.
  package func largestWeight() throws(MPIError) -> Float {
    let dense = model.parameters.denseStorage.elements
    var bits = [max(largestMagnitudeBits(table.own.elements), largestMagnitudeBits(dense))]
    try group.maximum(&bits)
    return Float(bitPattern: bits[0])
  }

  /// Checks that all ranks have the same weights, where they have the same at all; collective.
  /// - Throws: `LearningError.replicasDiffer`, on every rank, for the first rank that has others than rank 0.
  package func requireEqualReplicas() throws {
    guard group.size > 1 else { return }
    let replica = table.isSharded ? [] : [checksum(table.held.values.elements)]
    let own = replica + [checksum(model.parameters.denseStorage.elements)]
    let names = (table.isSharded ? [] : ["the item table"]) + ["the other weights"]
    let all = try group.allGather(own).all
    func ofRank(_ rank: Int) -> [UInt64] { Array(all[own.count * rank..<own.count * (rank + 1)]) }
    guard let odd = (0..<group.size).first(where: { ofRank($0) != ofRank(0) }) else { return }
    var host = MPIRuntime.hostname
    try group.broadcast(&host, from: odd)
    let differing = names.indices.filter { ofRank(odd)[$0] != all[$0] }.map { names[$0] }
    throw LearningError.replicasDiffer(rank: odd, host: host, what: differing.joined(separator: " and "))
  }
}

/// A checksum that any one other value changes, and more than one but for one case in 2^64. Eight strands, for a chain of
/// multiplications would wait for itself.
package func checksum(_ values: UnsafeMutableBufferPointer<Float>) -> UInt64 {
  let odd: UInt64 = 0x9e37_79b9_7f4a_7c15
  var strands = SIMD8<UInt64>(repeating: UInt64(values.count))
  for k in 0..<8 { strands[k] &+= UInt64(k) &* odd }
  let whole = values.count / 16 * 16
  values.withMemoryRebound(to: UInt32.self) { bits in
    for first in stride(from: 0, to: whole, by: 16) {
      let words = UnsafeRawPointer(bits.baseAddress! + first).loadUnaligned(as: SIMD8<UInt64>.self)
      strands = (strands ^ words) &* odd
      strands ^= strands &>> 29
    }
    for place in whole..<bits.count { strands[place % 8] = (strands[place % 8] ^ UInt64(bits[place])) &* odd }
  }
  return (0..<8).reduce(0) { sum, k in
    let mixed = (sum ^ strands[k]) &* odd
    return mixed ^ mixed &>> 32
  }
}
