/// Float32 memory that is handed out piece by piece and taken back all at once.
///
/// A training step takes its tensors from here; after the first few steps the arena has grown to what a step
/// needs and nothing is allocated any more.
public final class Arena {
  private var blocks: [FloatStorage] = []
  private var current = 0
  private var used = 0
  private static let smallestBlock = 1 << 18  // floats: 1 MiB

  /// An arena without memory: it takes some when it is first asked.
  public init() {}

  /// A matrix whose elements are whatever the memory held before.
  package func uninitialised(rows: Int, columns: Int) -> Tensor {
    // Rounded up to whole cache lines, so that every tensor starts on one.
    let needed = (rows * columns + 15) & ~15
    while current < blocks.count {
      if used + needed <= blocks[current].count {
        defer { used += needed }
        return Tensor(blocks[current].base + used, rows: rows, columns: columns)
      }
      current += 1
      used = 0
    }
    let grown = max(needed, Self.smallestBlock, blocks.last.map { $0.count * 2 } ?? 0)
    blocks.append(FloatStorage(count: grown))
    used = needed
    return Tensor(blocks[current].base, rows: rows, columns: columns)
  }

  /// A matrix of zeros.
  package func zeros(rows: Int, columns: Int) -> Tensor {
    let tensor = uninitialised(rows: rows, columns: columns)
    tensor.base.update(repeating: 0, count: tensor.count)
    return tensor
  }

  /// Float64 numbers, zeroed.
  package func doubles(_ count: Int) -> UnsafeMutablePointer<Double> {
    let memory = zeros(rows: 1, columns: 2 * count)
    return UnsafeMutableRawPointer(memory.base).bindMemory(to: Double.self, capacity: count)
  }

  /// Takes everything back: tensors handed out before must not be used again.
  public func reset() {
    current = 0
    used = 0
  }
}
