extension PreparedDataset {
  /// Whether several rows of a split are prefixes of one session.
  public func hasPrefixRows(_ split: DatasetSplit) -> Bool { manifest.splits[split.rawValue]?.prefixRows == true }

  /// Checks that the sessions of a split come up once each: the clicks of a row that is a prefix are another's answer.
  /// - Parameter option: what counts clicks.
  /// - Throws: `SessionsError.invalidOption`.
  public func requireWholeSessions(
    _ split: DatasetSplit, for option: String = "--transductive"
  ) throws(SessionsError) {
    if hasPrefixRows(split) {
      throw .invalidOption(
        name: option, reason: "counts answers where rows are prefixes of one session, as in \(folder)")
    }
  }
}
