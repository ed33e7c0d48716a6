import ArgumentParser
import Runs
import Sessions

/// How a file of sessions is read that are to be ranked: shared by the commands that do.
struct SessionFileOptions: ParsableArguments {
  @Option(help: "How columns are named: inter with RecBole's types, csv without; auto: by the first row.")
  var format = SessionFileFormat.auto

  @Option(
    help: ArgumentHelp(
      "What columns are for, see caravan prepare; click logs are read as those of the data set were.", valueName: "list"
    ))
  var columns: String?

  @Option(help: ArgumentHelp("The locale of sessions in files that name none.", valueName: "locale"))
  var defaultLocale: String?

  @Option(
    help: ArgumentHelp(
      "What 0 in a list of items is. auto: an item if the data set has it, else padding.",
      valueName: "auto|padding|item"))
  var zeros = ZeroMeaning.auto

  /// Reads the sessions.
  /// - Parameters:
  ///   - skipsBadRows: whether a row that cannot be read becomes a session without clicks.
  ///   - items: how many of the data set's are known, the first ones.
  ///   - seen: which rows of the catalogue training saw; nil where that is not known.
  func read(
    _ path: String, for dataset: PreparedDataset, skipsBadRows: Bool = false, items: Int, seen: [Bool]?
  ) throws -> TranslatedSessions {
    let names = dataset.locales
    let defaultLocale = try defaultLocale.map { names.names[Int(try names.code(matching: $0))] }
    return try TranslatedSessions.read(
      path: path, format: format, log: dataset.manifest.options.log,
      columns: try columns.map(ColumnChoice.init(parsing:)) ?? ColumnChoice(), defaultLocale: defaultLocale,
      locales: names, catalog: dataset.itemIDs,
      maxLength: dataset.manifest.options.maxLength, zeros: zeros, skipsBadRows: skipsBadRows,
      isKnown: { Int($0) <= items && seen?[Int($0)] ?? true })
  }
}
