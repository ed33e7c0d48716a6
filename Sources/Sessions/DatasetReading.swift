import Storage

/// What was read for one split: sessions as they stand in session files, and click logs, which are still to be put into
/// order.
final class SplitIntake {
  let sessions = SessionCollector()
  /// Which rows of session files belong to one session.
  let grouping = SessionGrouping()
  let clicks = ClickLog()

  /// Whether rows are prefixes of sessions. Without ids a few may look so by chance.
  var hasPrefixRows: Bool { 10 * (sessions.count - grouping.count) > sessions.count }
}

/// The reading half of `DatasetPreparation`: files in, numbers out.
///
/// The text streams through a window; what stays in memory are four bytes a click of a session file, sixteen of a click
/// log, and the ids themselves.
struct DatasetReading {
  let options: PreparationOptions
  let progress: (PreparationProgress) -> Void
  let vocabulary = Vocabulary()
  let train = SplitIntake()
  let valid = SplitIntake()
  let test = SplitIntake()
  let locales: LocaleNumbering
  private(set) var notes = PreparationNotes()
  /// How the first click log was read, which `predict` goes by.
  private(set) var logShape: (shape: FileShape, time: TimeFormat?)?

  /// Whether all click logs have times.
  private(set) var hasTimes = true

  init(_ options: PreparationOptions, progress: @escaping (PreparationProgress) -> Void) {
    self.options = options
    self.progress = progress
    locales = LocaleNumbering(wanted: options.locales)
  }

  mutating func readAll() throws {
    for path in options.sessions { try read(path, into: train, needsAnswers: true) }
    if let path = options.valid { try read(path, into: valid, needsAnswers: true) }
    if let path = options.test {
      if let truth = options.truth { try readTest(path, truth: truth) } else { try read(path, into: test) }
    }
  }

  /// Checks, once all files were read, that what was asked of click logs can be done.
  /// - Throws: `SessionsError.invalidOption`.
  func requireLogs() throws {
    func refuse(_ name: String, _ reason: String) -> SessionsError { .invalidOption(name: name, reason: reason) }
    if options.sessionGap != nil {
      if logShape == nil { throw refuse("--session-gap", "is for click logs, and there is none") }
      if !hasTimes { throw refuse("--session-gap", "takes times, and a log has no column of them: see --columns") }
    }
    if !options.events.isEmpty, logShape == nil { throw refuse("--events", "is for click logs, and there is none") }
  }

  /// - Parameter needsAnswers: whether the last item of a session without an answer is one.
  private mutating func read(_ path: String, into intake: SplitIntake, needsAnswers: Bool = false) throws {
    switch try open(path) {
    case .clicks(let reader): try read(reader, into: intake)
    case .sessions(let reader): try read(reader, into: intake, needsAnswers: needsAnswers)
    }
  }

  private mutating func read(_ reader: SessionFileReader, into intake: SplitIntake, needsAnswers: Bool) throws {
    defer { notes.add(reader.zerosFound) }
    let progress = ReadingProgress(report: progress)
    while true {
      switch try reader.next() {
      case .end: return
      case .bad(let row): try leaveOut(row)
      case .session:
        if let answer = reader.answer {
          try keep(reader, answer: answer, locale: reader.locale, in: intake)
        } else if !needsAnswers {
          try keep(reader, answer: nil, locale: reader.locale, in: intake)
        } else if reader.items.count > 1 {
          try keep(reader, answer: reader.items.removeLast(), locale: reader.locale, in: intake)
        } else {
          notes.singleClicks += 1
        }
      }
      progress.show(reader.path, reader.bytesRead, of: reader.totalBytes, sessions: intake.sessions.count)
    }
  }

  private mutating func read(_ reader: ClickLogReader, into intake: SplitIntake) throws {
    let progress = ReadingProgress(report: progress)
    while true {
      switch try reader.next() {
      case .end:
        notes.otherEvents += reader.otherEvents
        notes.logs.append("\(reader.shape.path): \(reader.description)")
        if reader.shape.isByVisitor, reader.hasTimes, options.sessionGap == nil { notes.wholeVisitors = true }
        if reader.looksLikeDate { notes.dates.append(reader.shape.path) }
        hasTimes = hasTimes && reader.hasTimes
        if logShape == nil { logShape = (reader.shape, reader.timeFormat) }
        return
      case .bad(let row): try leaveOut(row)
      case .click:
        let locale = try locales.code(of: reader.locale) ?? ClickLog.unwanted
        try intake.clicks.append(reader, numbering: vocabulary, locale: locale == LocaleNames.none ? nil : locale)
      }
      progress.show(reader.shape.path, reader.bytesRead, of: reader.totalBytes, sessions: intake.clicks.sessionCount)
    }
  }

  private mutating func readTest(_ path: String, truth truthPath: String) throws {
    guard case .sessions(let reader) = try open(path) else { throw SessionsError.truthTwice(testPath: path) }
    defer { notes.add(reader.zerosFound) }
    if reader.hasAnswers { throw SessionsError.truthTwice(testPath: path) }
    let truth = try TruthFileReader(path: truthPath)
    var rows = 0
    while true {
      let session = try reader.next()
      let answer = try truth.next()
      switch (session, answer) {
      case (.end, .end): return
      case (.end, _), (_, .end):
        try throwRowsDiffer(reader, session, truth, answer, rowsOfBoth: rows)
      case (.bad(let row), _): try leaveOut(row)  // the answer goes with it
      case (_, .bad(let row)): try leaveOut(row)
      case (.session, .answer(let answer, let locale)):
        if let locale, let own = reader.locale, locale.string != own.string {
          throw SessionsError.truthLocaleDiffers(
            truth.row(.localeDiffers), testPath: path, testLine: reader.line)
        }
        try keep(reader, answer: answer, locale: reader.locale ?? locale, in: test)
      }
      rows += 1
    }
  }

  private enum Input {
    case sessions(SessionFileReader)
    case clicks(ClickLogReader)
  }

  private func open(_ path: String) throws -> Input {
    let rows = try DelimitedRowReader(path: path)
    let shape = try FileShape(of: rows, options.columns, format: options.format)
    if shape.kind == .clicks {
      return .clicks(try ClickLogReader(rows, shape, events: options.events, defaultLocale: options.defaultLocale))
    }
    // Once 0 is an item of the vocabulary, it is one in every further file.
    let isItem = options.zeros == .auto && vocabulary.contains("0")
    return .sessions(
      try SessionFileReader.open(
        rows, shape, defaultLocale: options.defaultLocale, zeros: isItem ? .item : options.zeros))
  }

  /// Numbers a session's items, if its locale is kept.
  private func keep(
    _ reader: SessionFileReader, answer: TextSlice?, locale: TextSlice?, in intake: SplitIntake
  ) throws {
    guard let locale = try locales.code(of: locale) else { return }
    let first = max(0, reader.items.count - options.maxLength)
    if let answer { reader.items.append(answer) }
    try intake.sessions.append(
      reader.items, from: first, hasAnswer: answer != nil, locale: locale, numbering: vocabulary)
    if reader.sessionID == nil, intake.sessions.lastIsOfTheSessionBefore(maxLength: options.maxLength) {
      intake.grouping.appendToLast()
    } else {
      try intake.grouping.append(reader.sessionID)
    }
  }

  private mutating func leaveOut(_ row: BadRow) throws {
    if !options.skipsBadRows { throw SessionsError.unusableRow(row) }
    notes.badRows.append(row)
  }

  /// Counts the rest of the longer file, so that the message can name both numbers.
  private func throwRowsDiffer(
    _ reader: SessionFileReader, _ session: SessionFileReader.Outcome,
    _ truth: TruthFileReader, _ answer: TruthFileReader.Outcome, rowsOfBoth: Int
  ) throws {
    var testRows = rowsOfBoth
    var truthRows = rowsOfBoth
    var session = session
    var answer = answer
    while true {
      if case .end = session { break }
      testRows += 1
      session = try reader.next()
    }
    while true {
      if case .end = answer { break }
      truthRows += 1
      answer = try truth.next()
    }
    throw SessionsError.truthRowsDiffer(
      testPath: reader.path, testRows: testRows, truthPath: truth.path, truthRows: truthRows)
  }
}

/// Tells how far the reading of a file is, each time that more of it was read.
private final class ReadingProgress {
  private let report: (PreparationProgress) -> Void
  private var reported = 0

  init(report: @escaping (PreparationProgress) -> Void) { self.report = report }

  @inline(__always)
  func show(_ path: String, _ bytesRead: Int, of totalBytes: Int, sessions: Int) {
    if bytesRead == reported { return }
    reported = bytesRead
    report(PreparationProgress(path: path, bytesRead: bytesRead, totalBytes: totalBytes, sessions: sessions))
  }
}
