import MPI
import Runs
import Sessions
import Text

/// How files of sessions are read that are not prepared: as the data set's click logs were where nothing else is said.
struct SessionReading {
  var format = SessionFileFormat.auto
  var columns = ColumnChoice()
  var defaultLocale: String?
  var zeros = ZeroMeaning.auto
  /// nil where the command has no such option.
  var skipsBadRows: Bool?

  /// Reads a session file or a click log. Items that training never saw are left out, and counted.
  func read(
    _ path: String, of dataset: PreparedDataset, for recommender: Recommender
  ) throws -> TranslatedSessions {
    try read(path, of: dataset, items: recommender.items, seen: recommender.trainedRows)
  }

  /// The same.
  /// - Parameters:
  ///   - items: how many of the data set's are known, the first ones.
  ///   - seen: which rows of the catalogue training saw; nil where that is not known.
  func read(
    _ path: String, of dataset: PreparedDataset, items: Int, seen: [Bool]?
  ) throws -> TranslatedSessions {
    try TranslatedSessions.read(
      path: path, format: format, log: dataset.manifest.options.log, columns: columns, defaultLocale: defaultLocale,
      locales: dataset.locales, catalog: dataset.itemIDs, maxLength: dataset.manifest.options.maxLength, zeros: zeros,
      skipsBadRows: skipsBadRows, isKnown: { Int($0) <= items && seen?[Int($0)] ?? true })
  }
}

extension TranslatedSessions {
  /// Says which clicks were left out, and what sessions got of which none is known.
  func sayWhatIsUnknown(instead answer: String) {
    if table.clickCount == 0, unknownClicks > 0 {
      note("warning: training saw none of the clicked items: are these sessions of the data set's shop?")
    }
    if unknownClicks > 0 {
      print("left out of the sessions: \(counted(unknownClicks, "click")) on items that training never saw")
    }
    if emptySessions > 0 {
      let sessions = emptySessions == 1 ? "1 session has" : "\(emptySessions) sessions have"
      print("\(sessions) no known item and got \(answer)")
    }
  }
}
