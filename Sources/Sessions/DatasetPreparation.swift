import Foundation
import Storage

/// Makes a prepared data set from session files and click logs: reads, divides, numbers the items, writes.
public struct DatasetPreparation {
  private let options: PreparationOptions
  private let reading: DatasetReading
  private var notes: PreparationNotes
  private var vocabulary: Vocabulary

  /// Does it all. On an error nothing is left at the destination.
  /// - Parameter progress: called now and then while files are read.
  /// - Throws: `SessionsError` or `StorageError`.
  public static func run(
    _ options: PreparationOptions, progress: @escaping (PreparationProgress) -> Void = { _ in }
  ) throws -> PreparationSummary {
    try options.validate()
    let start = ContinuousClock.now
    let itemsOfVocabulary = options.vocabulary.map(KnownVocabulary.file(of:))
    try OutputPlace.check(
      folder: options.out,
      inputs: options.sessions + [options.valid, options.test, options.truth, itemsOfVocabulary].compactMap { $0 })
    // Begun first: whether the folder can be written should not be learnt after the reading.
    let folder = try FolderTransaction(
      at: options.out, manifest: DatasetManifest.fileName, overwrite: options.replacesExisting)
    var reading = DatasetReading(options, progress: progress)
    let extended = try options.vocabulary.map { try KnownVocabulary($0) }
    if let extended { try reading.vocabulary.append(extended.items) }
    try reading.readAll()
    try reading.requireLogs()
    var preparation = DatasetPreparation(options, reading)
    let manifest = try preparation.write(to: folder, extending: extended)
    let duration = ContinuousClock.now - start
    return PreparationSummary(
      folder: folder.destination, manifest: manifest, notes: preparation.notes,
      trainingRows: reading.train.sessions.count, trainingSessions: reading.train.grouping.count,
      seconds: duration / .seconds(1))
  }

  private init(_ options: PreparationOptions, _ reading: DatasetReading) {
    self.options = options
    self.reading = reading
    notes = reading.notes
    vocabulary = reading.vocabulary
  }

  private mutating func write(to folder: FolderTransaction, extending extended: KnownVocabulary?) throws
    -> DatasetManifest
  {
    var division = DatasetDivision(options, reading)
    let splits = try division.divide()
    notes = division.notes
    let names = reading.locales.names
    let version1 = DatasetVersion1.codes(of: names, keepsNameless: reading.locales.keepsNameless)
    // Version 1 knows Amazon's six by themselves.
    let known = version1 == nil ? [] : options.locales.filter { ShopLocale(name: $0) != nil }
    try reading.locales.requireWanted(but: Set(known))
    if splits.train.count == 0 { throw nothingToTrainOn(splits) }
    for (path, split) in [(options.valid, splits.valid), (options.test, splits.test)] {
      if let path, split.count == 0 { throw SessionsError.nothingKept(paths: [path], locales: options.locales) }
    }
    var named: [(DatasetSplit, SessionCollector)] = [(.train, splits.train)]
    if splits.valid.count > 0 { named.append((.valid, splits.valid)) }
    if splits.test.count > 0 { named.append((.test, splits.test)) }
    for (split, sessions) in named.dropFirst() {
      notes.repeated[split.rawValue] = RepeatedSessions.count(sessions, in: splits.train)
    }
    vocabulary = try vocabulary.withoutUnused(in: named.map(\.1), keeping: extended?.items.count ?? 0)
    try DatasetWriter.write(
      items: vocabulary.lines, itemCount: vocabulary.count, localeCount: names.count, splits: named, version1: version1,
      to: folder)
    var summaries = Dictionary(uniqueKeysWithValues: named.map { ($0.rawValue, $1.summary(names)) })
    for (split, intake) in [
      ("train", reading.train), ("valid", options.valid == nil ? reading.train : reading.valid), ("test", reading.test),
    ]
    where intake.hasPrefixRows { summaries[split]?.prefixRows = true }
    let manifest = DatasetManifest(
      formatVersion: version1 == nil ? DatasetManifest.currentVersion : DatasetVersion1.number,
      locales: version1 == nil && !names.isEmpty ? names : nil, items: vocabulary.count,
      splits: summaries,
      options: manifestOptions(isVersion1: version1 != nil, extended), files: folder.checksums)
    try folder.commit { _ in try manifest.encoded() }
    return manifest
  }

  private func nothingToTrainOn(_ splits: DatasetDivision.Splits) -> SessionsError {
    let counts = [
      (notes.otherEvents, "clicks of other events"), (notes.singleClicks, "sessions of too few clicks"),
      (notes.filtered.sessions, "sessions by --min-item-count and --min-session-length"),
      (splits.test.count + splits.valid.count, "sessions for valid and test"),
    ]
    let reasons = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return reasons.isEmpty
      ? .nothingKept(paths: options.sessions, locales: options.locales)
      : .allLeftOut(paths: options.sessions, reasons: reasons)
  }

  /// What the manifest says of the option.
  private func keptLocales(isVersion1: Bool) -> [String]? {
    if isVersion1 { return DatasetVersion1.canonical(options.locales) }
    return options.locales.isEmpty ? nil : reading.locales.names
  }

  private func manifestOptions(isVersion1: Bool, _ extended: KnownVocabulary?) -> DatasetManifest.Options {
    func name(_ path: String) -> String { lastName(of: path) }
    var manifest = DatasetManifest.Options(
      sessions: options.sessions.map(name), test: options.test.map(name), truth: options.truth.map(name),
      locales: keptLocales(isVersion1: isVersion1), validFraction: options.splits.validFraction, seed: options.seed,
      maxLength: options.maxLength, skippedRows: notes.badRows.count,
      zeros: options.zeros == .auto ? nil : options.zeros.rawValue, extendedVocabulary: extended?.checksum)
    manifest.valid = options.valid.map(name)
    manifest.log = reading.logShape.map { shape, time in ClickLogReading(shape, time, options) }
    manifest.testDays = options.splits.testDays
    manifest.validDays = options.splits.validDays
    manifest.testFraction = options.splits.testFraction > 0 ? options.splits.testFraction : nil
    manifest.leaveOneOut = options.splits.leavesOneOut ? true : nil
    manifest.minItemCount = options.minItemCount > 1 ? options.minItemCount : nil
    manifest.minSessionLength = options.minSessionLength > 2 ? options.minSessionLength : nil
    manifest.unseenTargets = options.unseenTargets == .drop ? UnseenTargets.drop.rawValue : nil
    return manifest
  }
}
