import Foundation
import Randomness
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
    try OutputPlace.check(
      folder: options.out,
      inputs: options.sessions + [options.valid, options.test, options.truth, options.vocabulary].compactMap { $0 })
    // Begun first: whether the folder can be written should not be learnt after the reading.
    let folder = try FolderTransaction(
      at: options.out, manifest: DatasetManifest.fileName, overwrite: options.replacesExisting)
    var reading = DatasetReading(options, progress: progress)
    let extended = try options.vocabulary.map { try PreparedDataset(folder: $0) }
    if let extended { try reading.vocabulary.append(extended.itemIDs) }
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

  // MARK: - Dividing

  private struct Splits {
    var train: SessionCollector
    var valid: SessionCollector
    var test: SessionCollector
  }

  private mutating func divide() throws -> Splits {
    let isLog = reading.train.clicks.clickCount > 0
    var splits: Splits
    if isLog || !options.splits.isPlain || options.filters {
      splits = try divideWholeSessions()
    } else {
      splits = drawValid()
    }
    let seen = splits.train.itemsSeen(of: vocabulary.count)
    let own = [(reading.valid, splits.valid), (reading.test, splits.test)]
    for (intake, split) in own {
      // Whatever is given as a file of its own.
      let answered = droppingUnseen(intake.sessions, seen)
      split.append(answered)
      let sequences = intake.clicks.takeSequences(gap: options.sessionGap, keepsTimes: false).sequences
      let kept = sequences.without({ _ in false }, shorterThan: options.minSessionLength)
      notes.singleClicks += sequences.count - kept.count
      split.append(droppingUnseen(kept, seen), maxLength: options.maxLength)
    }
    return splits
  }

  /// Draws the valid sessions: as many as the fraction says, by a permutation that the seed fixes. Rows of one session
  /// stay together: a prefix of what was trained on is easily known again.
  private func drawValid() -> Splits {
    var stream = RandomStream(seed: options.seed, purpose: .split)
    let isValid =
      options.valid == nil
      ? reading.train.grouping.draw(options.splits.validFraction) { stream.permutation(of: $0) } : []
    guard isValid.contains(true) else {
      return Splits(train: reading.train.sessions, valid: SessionCollector(), test: SessionCollector())
    }
    let (train, valid) = reading.train.sessions.divided(by: isValid)
    return Splits(train: train, valid: valid, test: SessionCollector())
  }

  /// Filters and divides what may be cut anywhere: click logs, and the rows of session files.
  private mutating func divideWholeSessions() throws -> Splits {
    let intake = reading.train
    if options.splits.isByTime, intake.sessions.count > 0 || !reading.hasTimes {
      throw SessionsError.noTimes(path: options.sessions[0])
    }
    if options.splits.leavesOneOut || options.filters, intake.grouping.count < intake.sessions.count {
      throw SessionsError.prefixRows(path: options.sessions[0])
    }
    var sequences = intake.clicks.takeSequences(gap: options.sessionGap, keepsTimes: options.splits.isByTime).sequences
    sequences.append(intake.sessions.sequences(groups: intake.grouping.sessions, after: sequences.count))
    let singles = (0..<sequences.count).count { sequences[$0].count < 2 }
    let before = (sessions: sequences.count - singles, clicks: sequences.clickCount - singles)
    sequences = sequences.filtered(
      minItemCount: options.minItemCount, minLength: options.minSessionLength, items: vocabulary.count)
    notes.singleClicks += singles
    notes.filtered.sessions = before.sessions - sequences.count
    notes.filtered.clicks = before.clicks - sequences.clickCount
    let parts = SessionDivision(sequences, options.splits, drawsValid: options.valid == nil, seed: options.seed)
    let splits = Splits(train: SessionCollector(), valid: SessionCollector(), test: SessionCollector())
    splits.train.append(parts.train, maxLength: options.maxLength)
    let seen = splits.train.itemsSeen(of: vocabulary.count)
    splits.valid.append(droppingUnseen(parts.valid, seen), maxLength: options.maxLength)
    splits.test.append(droppingUnseen(parts.test, seen), maxLength: options.maxLength)
    return splits
  }

  // MARK: - Answers that training never saw

  /// Counts such answers of a click log, or leaves out the clicks on all such items.
  private mutating func droppingUnseen(_ sequences: Sequences, _ seen: [Bool]) -> Sequences {
    notes.unseenTargets += (0..<sequences.count).count { !seen[Int(sequences[$0].last!)] }
    if options.unseenTargets == .keep { return sequences }
    let kept = sequences.without({ !seen[Int($0)] }, shorterThan: 2)
    notes.unseen.sessions += sequences.count - kept.count
    notes.unseen.clicks += sequences.clickCount - kept.clickCount
    return kept
  }

  /// Counts such answers of session files, or leaves out the sessions that have them.
  private mutating func droppingUnseen(_ sessions: SessionCollector, _ seen: [Bool]) -> SessionCollector {
    notes.unseenTargets += sessions.targets.count { $0 != 0 && !seen[Int($0)] }
    if options.unseenTargets == .keep { return sessions }
    let kept = sessions.withoutUnseenAnswers(seen)
    notes.unseen.sessions += sessions.count - kept.count
    notes.unseen.clicks += sessions.items.count - kept.items.count
    return kept
  }

  // MARK: - Writing

  private mutating func write(to folder: FolderTransaction, extending extended: PreparedDataset?) throws
    -> DatasetManifest
  {
    let splits = try divide()
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
    vocabulary = try vocabulary.withoutUnused(in: named.map(\.1), keeping: extended?.itemCount ?? 0)
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

  private func nothingToTrainOn(_ splits: Splits) -> SessionsError {
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

  private func manifestOptions(isVersion1: Bool, _ extended: PreparedDataset?) -> DatasetManifest.Options {
    func name(_ path: String) -> String { lastName(of: path) }
    var manifest = DatasetManifest.Options(
      sessions: options.sessions.map(name), test: options.test.map(name), truth: options.truth.map(name),
      locales: keptLocales(isVersion1: isVersion1), validFraction: options.splits.validFraction, seed: options.seed,
      maxLength: options.maxLength, skippedRows: notes.badRows.count,
      zeros: options.zeros == .auto ? nil : options.zeros.rawValue, extendedVocabulary: extended?.vocabulary)
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
