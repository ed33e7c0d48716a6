/// Counts into a sparse matrix, row after row: the counts of one row are all that is in memory beside the result.
package struct SparseCounter {
  /// Where each row begins, and one place after the last.
  package private(set) var offsets: [Int64] = [0]
  /// Rising within a row.
  package private(set) var columns: [Int32] = []
  package private(set) var counts: [Int64] = []

  /// Of the row that is being counted.
  private var sums: [Int64]
  private var isTouched: [Bool]
  private var touched: [Int32] = []

  /// - Parameter columns: how many there are.
  package init(columns: Int) {
    sums = [Int64](repeating: 0, count: columns)
    isTouched = [Bool](repeating: false, count: columns)
  }

  /// Adds to a column of the present row; 0 lists it, too.
  package mutating func add(_ column: Int32, _ count: Int64) {
    sums[Int(column)] += count
    if isTouched[Int(column)] { return }
    isTouched[Int(column)] = true
    touched.append(column)
  }

  /// Ends the present row.
  package mutating func endRow() {
    // Of a row that is nearly full the columns are looked through faster than they are sorted.
    let isFull = touched.count > sums.count / 16
    let rising = isFull ? (0..<Int32(sums.count)).filter { isTouched[Int($0)] } : touched.sorted()
    columns += rising
    for column in rising {
      counts.append(sums[Int(column)])
      sums[Int(column)] = 0
      isTouched[Int(column)] = false
    }
    touched.removeAll(keepingCapacity: true)
    offsets.append(Int64(columns.count))
  }
}

/// Sessions locale by locale: those of a code one after another, those without a locale behind the last.
package struct SessionOrder {
  private let order: [Int32]
  /// Where each begins in `order`, and one place after the last.
  private let starts: [Int]

  /// All sessions.
  init(codes: [UInt16], localeCount: Int) {
    self.init(0..<Int32(codes.count), localeCount: localeCount) { codes[Int($0)] }
  }

  /// - Parameters:
  ///   - sessions: by their numbers.
  ///   - code: of a session's locale.
  package init(_ sessions: some Collection<Int32>, localeCount: Int, code: (Int32) -> UInt16) {
    func row(_ session: Int32) -> Int { min(Int(code(session)), localeCount) }
    var starts = [Int](repeating: 0, count: localeCount + 2)
    for session in sessions { starts[row(session) + 1] += 1 }
    for row in 0...localeCount { starts[row + 1] += starts[row] }
    var next = starts
    var order = [Int32](repeating: 0, count: sessions.count)
    for session in sessions {
      order[next[row(session)]] = session
      next[row(session)] += 1
    }
    self.order = order
    self.starts = starts
  }

  /// Those of the locale with the code `row`, in their order; with `localeCount` those of none.
  package func sessions(ofRow row: Int) -> ArraySlice<Int32> { order[starts[row]..<starts[row + 1]] }
}

extension RandomAccessCollection where Element == Int32, Index == Int {
  /// The first place in a range of rising numbers at which one is not below `value`; the range's end where all are.
  @inlinable package func firstPlace(notBelow value: Int32, in range: Range<Int>) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
