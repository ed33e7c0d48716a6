/// Sessions of a split that training has, too, click for click: as of a log that was exported twice.
enum RepeatedSessions {
  /// - Returns: how many of the split's sessions have the items and the answer of a training session. They are compared by
  ///   64 bits of each, which will do for a count.
  static func count(_ split: SessionCollector, in train: SessionCollector) -> Int {
    var left: [UInt64: Int] = [:]
    for session in 0..<split.count { left[split.digest(of: session), default: 0] += 1 }
    return (0..<train.count).reduce(0) { found, session in
      left.isEmpty ? found : found + (left.removeValue(forKey: train.digest(of: session)) ?? 0)
    }
  }
}

extension SessionCollector {
  fileprivate func digest(of session: Int) -> UInt64 {
    // Rows are small numbers: each is spread over all bits before the next one comes.
    func spread(_ digest: UInt64, _ row: Int32) -> UInt64 {
      let mixed = (digest ^ UInt64(truncatingIfNeeded: row)) &* 0x9e37_79b9_7f4a_7c15
      return mixed ^ mixed >> 29
    }
    return items(of: session).reduce(spread(UInt64(items(of: session).count) << 32, targets[session]), spread)
  }
}
