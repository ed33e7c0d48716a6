extension Sequence<Int32> {
  /// The first occurrences of different numbers, at most `limit` of them.
  func firstOfEach(limit: Int) -> [Int32] {
    var found: [Int32] = []
    for item in self where !found.contains(item) {
      found.append(item)
      if found.count == limit { break }
    }
    return found
  }
}
