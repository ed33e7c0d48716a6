import Storage

extension SessionTable {
  /// Each click from the second on as an answer to those before it, session by session: a row for each. That is how
  /// GRU4Rec's and NARM's papers evaluate (Hidasi et al., arXiv:1511.06939). Answers that are not known are left out.
  public var everyClick: SessionTable {
    var offsets: [Int64] = [0], items: [Int32] = [], targets: [Int32] = [], locales: [UInt16] = []
    for session in 0..<count {
      for row in range(of: session).lazy.map({ Int32($0) }) where target(ofPrefix: row) != 0 {
        items += clicks(ofPrefix: row)
        offsets.append(Int64(items.count))
        targets.append(target(ofPrefix: row))
        locales.append(self.locales[session])
      }
    }
    return SessionTable(
      offsets: MappedArray(offsets), items: MappedArray(items), targets: MappedArray(targets),
      locales: MappedArray(locales))
  }
}
