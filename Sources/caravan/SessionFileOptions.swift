import ArgumentParser
import Runs
import Sessions

/// How a file of sessions is read that are to be ranked: shared by the commands that do.
struct SessionFileOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How columns are named: inter with RecBole's types, csv without; auto: by the first row.",
      valueName: "auto|csv|inter"))
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

  /// The same, for the files of a data set.
  /// - Parameter skipsBadRows: whether a row that cannot be read becomes a session without clicks; nil where the command
  ///   has no such option.
  /// - Throws: `SessionsError` where there is no such locale, or a column is wrong.
  func reading(of dataset: PreparedDataset, skipsBadRows: Bool? = nil) throws -> SessionReading {
    let names = dataset.locales
    var reading = SessionReading()
    reading.format = format
    reading.columns = try columns.map(ColumnChoice.init(parsing:)) ?? ColumnChoice()
    reading.defaultLocale = try defaultLocale.map { names.names[Int(try names.code(matching: $0))] }
    reading.zeros = zeros
    reading.skipsBadRows = skipsBadRows
    return reading
  }
}
