import Tensors

/// Gradients of looked-up table rows on their way to the ranks that own the rows: a list of rows and, beside it,
/// their gradients. The memory grows to what a step needs and is kept.
final class OccurrenceBuffer {
  private let width: Int
  private var count = 0
  private var capacity = 0
  private var rowMemory = UnsafeMutablePointer<Int32>.allocate(capacity: 0)
  private var gradientMemory = FloatStorage(count: 0)

  /// - Parameter width: D.
  init(width: Int) { self.width = width }

  deinit { rowMemory.deallocate() }

  /// `[count]`.
  var rows: UnsafeMutableBufferPointer<Int32> { UnsafeMutableBufferPointer(start: rowMemory, count: count) }
  /// `[count, D]`.
  var gradients: Tensor { gradientMemory.tensor(rows: count, columns: width) }

  /// Makes room for `count` occurrences; what they held before is lost.
  func resize(_ count: Int) {
    self.count = count
    guard count > capacity else { return }
    capacity = count + count / 2
    rowMemory.deallocate()
    rowMemory = .allocate(capacity: capacity)
    gradientMemory = FloatStorage(count: capacity * width)
  }

  /// Takes in occurrences, sorted by the owner of their row and otherwise in their order.
  /// - Parameter rowBounds: rank r owns the rows from `rowBounds[r]` up to `rowBounds[r + 1]`.
  /// - Returns: how many go to each rank.
  func pack(_ lookups: [TableLookup], rowBounds: [Int]) -> [Int] {
    let owners = rowBounds.count - 1
    func owner(of row: Int32) -> Int { (0..<owners).first { Int(row) < rowBounds[$0 + 1] }! }
    // A lookup that nothing depended on has no gradient.
    let lookups = lookups.filter { $0.gradient != nil }
    var counts = [Int](repeating: 0, count: owners)
    for lookup in lookups { for row in lookup.index { counts[owner(of: row)] += 1 } }
    resize(counts.reduce(0, +))
    var next = counts.indices.map { counts[..<$0].reduce(0, +) }
    for lookup in lookups {
      for (occurrence, row) in lookup.index.enumerated() {
        let place = next[owner(of: row)]
        next[owner(of: row)] += 1
        rowMemory[place] = row
        let gradient = lookup.gradient!.rows(occurrence..<occurrence + 1)
        gradients.rows(place..<place + 1).base.update(from: gradient.base, count: width)
      }
    }
    return counts
  }
}
