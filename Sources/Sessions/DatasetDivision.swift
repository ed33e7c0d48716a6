import Randomness

/// The middle of `DatasetPreparation`: whole sessions in, the sessions of each split out.
struct DatasetDivision {
  struct Splits {
    var train = SessionCollector()
    var valid = SessionCollector()
    var test = SessionCollector()
  }

  private let options: PreparationOptions
  private let reading: DatasetReading
  private(set) var notes: PreparationNotes

  init(_ options: PreparationOptions, _ reading: DatasetReading) {
    self.options = options
    self.reading = reading
    notes = reading.notes
  }

  /// Takes the clicks out of the reading's logs.
  mutating func divide() throws -> Splits {
    let isPlain = reading.train.clicks.clickCount == 0 && options.splits.isPlain && !options.filters
    let splits = try isPlain ? drawValid() : divideWholeSessions()
    // Whatever is given as a file of its own.
    let seen = splits.train.itemsSeen(of: reading.vocabulary.count)
    for (intake, split) in [(reading.valid, splits.valid), (reading.test, splits.test)] {
      split.append(droppingUnseen(intake.sessions, seen))
      let sequences = intake.clicks.takeSequences(gap: options.sessionGap, keepsTimes: false).sequences
      let kept = sequences.without({ _ in false }, shorterThan: options.minSessionLength)
      notes.singleClicks += sequences.count - kept.count
      split.append(droppingUnseen(kept, seen), maxLength: options.maxLength)
    }
    return splits
  }

  /// Draws the valid sessions: as many as the fraction says, by a permutation that the seed fixes. Rows of one session
  /// stay together: a prefix of what was trained on is easily known again.
  private mutating func drawValid() -> Splits {
    var stream = RandomStream(seed: options.seed, purpose: .split)
    let intake = reading.train, fraction = options.valid == nil ? options.splits.validFraction : 0
    let isValid = intake.grouping.draw(fraction) { stream.permutation(of: $0) }
    guard isValid.contains(true) else { return Splits(train: intake.sessions) }
    let (train, valid) = intake.sessions.divided(by: isValid)
    return Splits(train: train, valid: droppingUnseen(valid, train.itemsSeen(of: reading.vocabulary.count)))
  }

  /// Filters and divides what may be cut anywhere: click logs, and session files whose rows are whole sessions.
  private mutating func divideWholeSessions() throws -> Splits {
    let intake = reading.train, isLog = intake.clicks.clickCount > 0
    if options.splits.isByTime, intake.sessions.count > 0 || !reading.hasTimes {
      throw SessionsError.noTimes(path: options.sessions[0])
    }
    // A few rows may go on with the one before by chance, and are sessions of their own.
    let continued = intake.sessions.count - intake.grouping.count
    if options.splits.leavesOneOut || options.filters, continued * 100 > intake.sessions.count {
      throw SessionsError.prefixRows(path: options.sessions[0])
    }
    var sequences = intake.clicks.takeSequences(gap: options.sessionGap, keepsTimes: options.splits.isByTime).sequences
    sequences.append(intake.sessions.sequences(groups: intake.grouping.sessions, after: sequences.count))
    sequences = filtered(sequences)
    let parts = try SessionDivision(sequences, options.splits, drawsValid: options.valid == nil, seed: options.seed)
    let splits = Splits()
    splits.train.append(parts.train, maxLength: options.maxLength)
    let seen = splits.train.itemsSeen(of: reading.vocabulary.count)
    for (part, split) in [(parts.valid, splits.valid), (parts.test, splits.test)] {
      if isLog {
        split.append(droppingUnseen(part, seen), maxLength: options.maxLength)
      } else {
        let rows = SessionCollector()
        rows.append(part, maxLength: options.maxLength)
        split.append(droppingUnseen(rows, seen))
      }
    }
    return splits
  }

  private mutating func filtered(_ sequences: Sequences) -> Sequences {
    let singles = (0..<sequences.count).count { sequences[$0].count < 2 }
    let kept = sequences.filtered(
      minItemCount: options.minItemCount, minLength: options.minSessionLength, items: reading.vocabulary.count)
    notes.singleClicks += singles
    notes.filtered.sessions = sequences.count - singles - kept.count
    notes.filtered.clicks = sequences.clickCount - singles - kept.clickCount
    return kept
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
}
