import Foundation
import Randomness
import Storage

/// Makes a prepared data set from session files: reads, numbers the items, draws the valid split, writes.
///
/// The text streams through a window; what stays in memory are four bytes a click and the ids themselves.
public struct DatasetPreparation {
  private let options: PreparationOptions
  private let progress: (PreparationProgress) -> Void
  private let vocabulary = Vocabulary()
  private let train = SessionCollector()
  private let test = SessionCollector()
  private let grouping = SessionGrouping()
  private let locales: LocaleNumbering
  private var extendedVocabulary: String?
  private var badRows: [BadRow] = []
  private var zeros: [ZerosFound] = []

  /// Does it all. On an error nothing is left at the destination.
  /// - Parameter progress: called now and then while files are read.
  /// - Throws: `SessionsError` or `StorageError`.
  public static func run(
    _ options: PreparationOptions, progress: @escaping (PreparationProgress) -> Void = { _ in }
  ) throws -> PreparationSummary {
    try options.validate()
    let start = ContinuousClock.now
    try OutputPlace.check(
      folder: options.out, inputs: options.sessions + [options.test, options.truth].compactMap { $0 })
    // Begun first: whether the folder can be written should not be learnt after the reading.
    let folder = try FolderTransaction(
      at: options.out, manifest: DatasetManifest.fileName, overwrite: options.replacesExisting)
    var preparation = DatasetPreparation(options: options, progress: progress)
    try preparation.takeOverVocabulary()
    for path in options.sessions { try preparation.readTraining(path) }
    if let path = options.test { try preparation.readTest(path) }
    let manifest = try preparation.write(to: folder)
    let duration = ContinuousClock.now - start
    return PreparationSummary(
      folder: folder.destination, manifest: manifest, badRows: preparation.badRows, zeros: preparation.zeros,
      trainingSessions: preparation.grouping.count, seconds: duration / .seconds(1))
  }

  private init(options: PreparationOptions, progress: @escaping (PreparationProgress) -> Void) {
    self.options = options
    self.progress = progress
    locales = LocaleNumbering(wanted: options.locales)
  }

  /// Begins with the items of the data set whose vocabulary is to be extended.
  private mutating func takeOverVocabulary() throws {
    guard let folder = options.vocabulary else { return }
    let extended = try PreparedDataset(folder: folder)
    try vocabulary.append(extended.itemIDs)
    extendedVocabulary = extended.vocabulary
  }

  // MARK: - Reading

  private mutating func readTraining(_ path: String) throws {
    let reader = try openSessions(path)
    defer { noteZeros(of: reader) }
    if !reader.hasAnswers { throw SessionsError.noAnswers(path: path) }
    var reported = 0
    while true {
      switch try reader.next() {
      case .end: return
      case .bad(let row): try leaveOut(row)
      case .session:
        if let answer = reader.answer { try keep(reader, answer: answer, locale: reader.locale, in: train) }
      }
      if reader.bytesRead != reported {
        reported = reader.bytesRead
        report(reader)
      }
    }
  }

  private mutating func readTest(_ path: String) throws {
    let reader = try openSessions(path)
    defer { noteZeros(of: reader) }
    guard let truthPath = options.truth else {
      while true {
        switch try reader.next() {
        case .end: return
        case .bad(let row): try leaveOut(row)
        case .session: try keep(reader, answer: reader.answer, locale: reader.locale, in: test)
        }
      }
    }
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

  /// Once 0 is an item of the vocabulary, it is one in every further file.
  private func openSessions(_ path: String) throws -> SessionFileReader {
    let isItem = options.zeros == .auto && vocabulary.contains("0")
    return try SessionFileReader.open(
      path, format: options.format, defaultLocale: options.defaultLocale, zeros: isItem ? .item : options.zeros)
  }

  private mutating func noteZeros(of reader: SessionFileReader) {
    if let found = reader.zerosFound { zeros.append(found) }
  }

  /// Numbers a session's items, if its locale is kept.
  private func keep(
    _ reader: SessionFileReader, answer: TextSlice?, locale: TextSlice?, in split: SessionCollector
  ) throws {
    guard let locale = try locales.code(of: locale) else { return }
    let first = max(0, reader.items.count - options.maxLength)
    if let answer { reader.items.append(answer) }
    try split.append(
      reader.items, from: first, hasAnswer: answer != nil, locale: locale, numbering: vocabulary)
    guard split === train else { return }
    if reader.sessionID == nil, train.lastIsOfTheSessionBefore(maxLength: options.maxLength) {
      grouping.appendToLast()
    } else {
      try grouping.append(reader.sessionID)
    }
  }

  private mutating func leaveOut(_ row: BadRow) throws {
    if !options.skipsBadRows { throw SessionsError.badRow(row) }
    badRows.append(row)
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

  private func report(_ reader: SessionFileReader) {
    progress(
      PreparationProgress(
        path: reader.path, bytesRead: reader.bytesRead, totalBytes: reader.totalBytes, sessions: train.count))
  }

  // MARK: - Dividing and writing

  private func write(to folder: FolderTransaction) throws -> DatasetManifest {
    let names = locales.names, version1 = DatasetVersion1.codes(of: names, keepsNameless: locales.keepsNameless)
    // Version 1 knows Amazon's six by themselves.
    let known = version1 == nil ? [] : options.locales.filter { ShopLocale(name: $0) != nil }
    try locales.requireWanted(but: Set(known))
    if train.count == 0 { throw SessionsError.nothingKept(paths: options.sessions, locales: options.locales) }
    if let path = options.test, test.count == 0 {
      throw SessionsError.nothingKept(paths: [path], locales: options.locales)
    }
    let parts = drawValidSplit()
    var splits: [(DatasetSplit, SessionCollector)] = [(.train, parts.train)]
    if parts.valid.count > 0 { splits.append((.valid, parts.valid)) }
    if test.count > 0 { splits.append((.test, test)) }
    try DatasetWriter.write(
      items: vocabulary.lines, itemCount: vocabulary.count, localeCount: names.count, splits: splits,
      version1: version1, to: folder)
    let manifest = DatasetManifest(
      formatVersion: version1 == nil ? DatasetManifest.currentVersion : DatasetVersion1.number,
      locales: version1 == nil && !names.isEmpty ? names : nil, items: vocabulary.count,
      splits: Dictionary(uniqueKeysWithValues: splits.map { ($0.rawValue, $1.summary(names)) }),
      options: manifestOptions(isVersion1: version1 != nil), files: folder.checksums)
    try folder.commit { _ in try manifest.encoded() }
    return manifest
  }

  /// What the manifest says of the options.
  private func manifestOptions(isVersion1: Bool) -> DatasetManifest.Options {
    func name(_ path: String) -> String { lastName(of: path) }
    let kept = options.locales.isEmpty ? nil : locales.names
    return DatasetManifest.Options(
      sessions: options.sessions.map(name), test: options.test.map(name), truth: options.truth.map(name),
      locales: isVersion1 ? DatasetVersion1.canonical(options.locales) : kept, validFraction: options.validFraction,
      seed: options.seed, maxLength: options.maxLength, skippedRows: badRows.count,
      zeros: options.zeros == .auto ? nil : options.zeros.rawValue, extendedVocabulary: extendedVocabulary)
  }

  /// Draws the valid sessions: as many as the fraction says, by a permutation that the seed fixes. Rows of one session
  /// stay together: a prefix of what was trained on is easily known again.
  private func drawValidSplit() -> (train: SessionCollector, valid: SessionCollector) {
    var stream = RandomStream(seed: options.seed, purpose: .split)
    let isValid = grouping.draw(options.validFraction) { stream.permutation(of: $0) }
    if !isValid.contains(true) { return (train, SessionCollector()) }
    let (rest, drawn) = train.divided(by: isValid)
    return (rest, drawn)
  }
}
