import Sessions

// Counts as checkpoints have them whose data set is of version 1: of Amazon's six locales, `[6, items + 1]`.
extension ItemPopularity {
  package init(rows: Int, dense: [Int64]) {
    precondition(dense.count == LocaleNames.amazon.count * rows, "\(dense.count) counts of \(rows) rows")
    var offsets: [Int64] = [0], items: [Int32] = [], counts: [Int64] = []
    for first in stride(from: 0, to: dense.count, by: rows) {
      for row in 0..<rows where dense[first + row] > 0 {
        items.append(Int32(row))
        counts.append(dense[first + row])
      }
      offsets.append(Int64(items.count))
    }
    self.init(rows: rows, offsets: offsets + [Int64(items.count)], items: items, counts: counts)
  }

  /// - Precondition: the locales are Amazon's six, and every session has one.
  package var dense: [Int64] {
    precondition(
      localeCount == LocaleNames.amazon.count && isByLocale, "counts of \(localeCount) locales, or of sessions without")
    var dense = [Int64](repeating: 0, count: localeCount * rows)
    for row in 0..<localeCount {
      for place in Int(offsets[row])..<Int(offsets[row + 1]) { dense[row * rows + Int(items[place])] = counts[place] }
    }
    return dense
  }
}
