import CKernels

/// Neighbouring rows of a table, under the numbers that they have in the whole of it.
package struct TableSlice {
  /// `[rows, D]`.
  package let values: Tensor
  /// The number of the first row.
  package let first: Int

  package init(_ values: Tensor, first: Int = 0) {
    self.values = values
    self.first = first
  }

  /// The numbers of the rows.
  package var range: Range<Int> { first..<first + values.rows }

  /// Some of the rows, in place.
  package func rows(_ numbers: Range<Int>) -> Tensor {
    values.rows(numbers.lowerBound - first..<numbers.upperBound - first)
  }
}

/// Rows of a table to be looked up by their numbers: the whole table, or copies of those that are needed.
package struct TableRows {
  /// `[rows, D]`.
  package let values: Tensor
  /// The numbers of the rows, rising; nil where they are all rows of the table.
  private let numbers: [Int32]?

  /// The whole of a table.
  package init(whole table: Tensor) {
    values = table
    numbers = nil
  }

  /// - Parameters:
  ///   - values: `[numbers.count, D]`.
  ///   - numbers: rising.
  package init(_ values: Tensor, numbers: [Int32]) {
    precondition(values.rows == numbers.count, "\(values.rows) rows with \(numbers.count) numbers")
    self.values = values
    self.numbers = numbers
  }

  /// The rows with these numbers: `[index.count, D]`.
  /// - Precondition: all of them are there.
  package func gathered(_ index: [Int32], in arena: Arena) -> Tensor {
    let rows = arena.uninitialised(rows: index.count, columns: values.columns)
    gather(index[...], into: rows)
    return rows
  }

  /// rows[r, :] = the row with the number index[r]
  package func gather(_ index: ArraySlice<Int32>, into rows: Tensor) {
    guard let numbers else { return values.gather(index, into: rows) }
    values.gather(index.map { Int32(numbers.place(of: $0)) }[...], into: rows)
  }
}

extension [Int32] {
  /// Where a number is among rising ones, which contain it.
  fileprivate func place(of number: Int32) -> Int {
    let place = lowerBound(of: number)
    precondition(place < count && self[place] == number, "row \(number) was not fetched")
    return place
  }

  /// Where other rising numbers are among these, which contain them.
  package func places(of others: ArraySlice<Int32>) -> [Int32] {
    var place = 0
    return others.map { number in
      while self[place] < number { place += 1 }
      return Int32(place)
    }
  }

  /// The different ones of rising numbers.
  package var withoutNeighbouringEquals: [Int32] {
    var different: [Int32] = []
    different.reserveCapacity(count)
    for number in self where different.last != number { different.append(number) }
    return different
  }

  /// How many of these rising numbers are below `number`.
  package func lowerBound(of number: Int32) -> Int {
    withUnsafeBufferPointer { numbers in
      var low = 0, high = numbers.count
      while low < high {
        let middle = (low + high) / 2
        if numbers[middle] < number { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }
}
