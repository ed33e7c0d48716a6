import Storage

/// What `caravan synth` is asked to do.
package struct SynthesisOptions: Sendable {
  /// Training and test sessions together.
  package var sessions: Int
  /// Different items that the shops have; of few sessions not all are seen.
  package var items: Int
  /// The folder for the files.
  package var out: String
  package var locales = Set(ShopLocale.allCases)
  package var seed: UInt64 = 2023
  /// The share of the sessions that becomes the test: 0 ..< 1.
  package var testFraction = 0.05
  /// Whether files of these names are replaced.
  package var replacesExisting = false

  package init(sessions: Int, items: Int, out: String) {
    self.sessions = sessions
    self.items = items
    self.out = out
  }

  /// - Precondition: the options are valid.
  var testSessions: Int { Int((Double(sessions) * testFraction).rounded()) }

  /// What the files will take, more or less: an id is ten letters, with quotes and blanks thirteen.
  private var expectedBytes: Int { sessions * 75 }

  /// - Throws: `SessionsError.invalidOption` for the first option that makes no sense.
  package func validate() throws {
    func check(_ holds: Bool, _ name: String, _ reason: String) throws {
      if !holds { throw SessionsError.invalidOption(name: name, reason: reason) }
    }
    try check(sessions >= 1, "--n-sessions", "must be at least 1, it is \(sessions)")
    try check(sessions <= 1 << 40, "--n-sessions", "must be at most \(1 << 40), it is \(sessions)")
    try check(!out.isEmpty, "--out", "is empty: name a folder")
    try check(!locales.isEmpty, "--locales", "names no locale")
    let fewest = 2 * locales.count
    try check(items >= fewest, "--items", "must be at least \(fewest), two for each locale, it is \(items)")
    try check(items <= 50_000_000, "--items", "must be at most 50000000, it is \(items)")
    try check(
      (0..<1).contains(testFraction), "--test-fraction", "must be at least 0 and below 1, it is \(testFraction)")
    if let free = freeBytes(near: out) {
      try check(
        expectedBytes < free, "--n-sessions",
        "is \(sessions): that takes \(expectedBytes >> 20) MiB, \(out) has room for \(free >> 20)")
    }
    try check(
      testSessions < sessions, "--test-fraction", "leaves no session of \(sessions) for training")
  }
}

/// What was made up.
package struct SynthesisSummary: Sendable {
  package var trainPath: String
  package var testPath: String
  package var truthPath: String
  package var trainSessions: Int
  package var testSessions: Int
  /// Items of a session, answers not counted.
  package var meanLength: Double
  package var seconds: Double
}
