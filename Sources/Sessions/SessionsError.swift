import Text

/// What can be wrong with sessions, options and prepared data sets. Each case is data; `description` is the
/// one sentence shown to people.
public enum SessionsError: Error, Equatable, CustomStringConvertible {
  /// A locale in an option, that is none of `known`.
  case unknownLocale(text: String, known: [String])
  /// A locale in an option that stands for several.
  case ambiguousLocale(text: String, names: [String])
  case invalidOption(name: String, reason: String)

  // Session files
  case unreadable(path: String, reason: String)
  case emptyFile(path: String)
  /// Sessions are to be divided by time.
  case noTimes(path: String)
  /// Sessions are to be filtered or cut, but their prefixes are rows of their own.
  case prefixRows(path: String)
  case badHeader(path: String, reason: String)
  case duplicateColumn(path: String, column: String)
  case missingColumn(path: String, column: String, found: [String])
  /// A first row that is the header of no click log and of no session file; maybe it is no header at all.
  case unknownColumns(path: String, found: [String], isData: Bool, missing: [String], suggestion: String)
  /// A first row without anything that separates columns.
  case oneColumn(path: String, found: String)
  case otherFormat(path: String, OtherFormat)
  case badRow(BadRow)
  /// The same where rows that cannot be used may be left out.
  case unusableRow(BadRow)
  /// A list in a stream begins or ends with 0.
  case zerosUnclear(path: String, line: Int)
  case truthWithoutTest
  case truthTwice(testPath: String)
  case truthRowsDiffer(testPath: String, testRows: Int, truthPath: String, truthRows: Int)
  case truthLocaleDiffers(BadRow, testPath: String, testLine: Int)
  case nothingKept(paths: [String], locales: [String])
  /// There were sessions to train on, and all were left out.
  case allLeftOut(paths: [String], reasons: [String])
  case tooManyItems
  case tooManyLocales

  // Prepared data sets
  case notADataset(path: String, isThere: Bool)
  case malformedDataset(path: String, reason: String)
  /// A file that is to have an item a line; the line from 1, nil where it is none alone.
  case badItemList(path: String, line: Int?, reason: String)

  public var description: String {
    switch self {
    case .unknownLocale(let text, let known):
      "there is no locale '\(printable(text, limit: 40))': "
        + (known.isEmpty ? "the sessions have none, leave it out" : "choose from \(Self.firstTen(of: known))")
    case .ambiguousLocale(let text, let names):
      "the locale '\(text)' may be \(Self.firstTen(of: names)): write it as it stands in the sessions, or all of them"
    case .invalidOption(let name, let reason):
      "\(name) \(reason)"
    case .unreadable(let path, let reason):
      "cannot read \(path.isEmpty ? "''" : path): \(reason)"
    case .emptyFile(let path):
      "\(path) is empty: it needs a header line and sessions"
    case .noTimes(let path):
      "\(path) has no times to divide sessions by: give a click log with a column of times, or choose --test-fraction"
    case .prefixRows(let path):
      "\(path) has rows that go on with the row before, prefixes of one session: whole sessions can be filtered and cut, "
        + "such rows cannot"
    case .badHeader(let path, let reason):
      "\(path):1: \(reason)"
    case .duplicateColumn(let path, let column):
      "\(path):1: the column \(column) is there twice: remove one of them"
    case .missingColumn(let path, let column, let found):
      "\(path):1: the column \(column) is missing, the header has \(found.joined(separator: ", "))"
    case .unknownColumns(let path, let found, false, let missing, let suggestion):
      "\(path):1: the columns \(found.joined(separator: ", ")) name no \(missing.joined(separator: " and no ")): say "
        + "which \(missing.count == 1 ? "it is" : "they are") with --columns \(suggestion)"
    case .unknownColumns(let path, let found, true, _, let suggestion):
      "\(path):1: there is no header, the first row is \(found.joined(separator: ", ")): say by their numbers what the "
        + "columns are, such as --columns \(suggestion), where that is their order"
    case .oneColumn(let path, let found):
      "\(path):1: the first line has one column, \(found): columns are separated by tabs, commas or semicolons"
    case .otherFormat(let path, let format):
      "\(path) is \(format.advice(path: path))"
    case .badRow(let row):
      row.description
    case .unusableRow(let row):
      "\(row); --skip-bad-rows goes on without such rows"
    case .zerosUnclear(let path, let line):
      "\(path):\(line): the list begins or ends with 0, and a stream cannot be read twice to see whether that is padding: "
        + "add --zeros padding or --zeros item"
    case .truthWithoutTest:
      "--truth holds the answers of test sessions: give those with --test"
    case .truthTwice(let testPath):
      "\(testPath) holds its answers itself: leave out --truth"
    case .truthRowsDiffer(let testPath, let testRows, let truthPath, let truthRows):
      "\(testPath) has \(testRows) rows, \(truthPath) has \(truthRows): they must go together row by row"
    case .truthLocaleDiffers(let row, let testPath, let testLine):
      "\(row); \(testPath):\(testLine) has another: they must go together row by row"
    case .nothingKept(let paths, let locales):
      "\(paths.joined(separator: ", ")): there is no session to use"
        + (locales.isEmpty ? "" : " in \(locales.joined(separator: ",")), choose other --locales")
    case .allLeftOut(let paths, let reasons):
      "\(paths.joined(separator: ", ")): no session is left to train on, left out are \(reasons.joined(separator: ", "))"
    case .tooManyItems:
      "there are more than 2147483647 items or clicks per table row: split the sessions"
    case .tooManyLocales:
      "there are more than \(LocaleNames.most) locales: is the right column called locale?"
    case .notADataset(let path, false):
      "there is no folder \(path): give a prepared data set, or make one with caravan prepare"
    case .notADataset(let path, true):
      "\(path) is no prepared data set, it holds no dataset.json: make one with caravan prepare"
    case .badItemList(let path, let line, let reason):
      "\(path)\(line.map { ":\($0)" } ?? "") is no list of items, \(reason): give a file with an item a line, or a data set"
    case .malformedDataset(let path, let reason):
      "\(path) is damaged, \(reason): make the data set again with caravan prepare"
    }
  }

  private static func firstTen(of names: [String]) -> String {
    names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " and \(names.count - 10) more" : "")
  }
}

/// A row of a session file that cannot be used: where it is, how it reads, and why.
public struct BadRow: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, as it was given.
  public var path: String
  /// Of the row's first line, counted from 1.
  public var line: Int
  /// The offending text, shortened, on one line.
  public var text: String
  /// What is wrong with it.
  public var defect: RowDefect

  /// - Parameters:
  ///   - line: from 1.
  ///   - text: what reads wrong, on one line.
  public init(path: String, line: Int, text: String, defect: RowDefect) {
    self.path = path
    self.line = line
    self.text = text
    self.defect = defect
  }

  public var description: String { "\(path):\(line): \(defect): \(text)" }
}

/// Why a row cannot be used.
public enum RowDefect: Equatable, Sendable, CustomStringConvertible {
  case unclosedQuote
  case strayQuote
  case rowTooLong(limit: Int)
  case fieldCount(expected: Int, found: Int)
  case invalidUTF8
  case noSession
  /// Not a time, or not one like the first of the file.
  case noTime(TimeFormat?)
  case emptySession
  case emptyAnswer
  case noLength
  case noBrackets
  case itemNotQuoted
  case typedItem
  case fractionItem
  case unclosedItem
  case noSeparator
  case emptyItem
  case blankInItem
  case ellipsis
  case badLocale
  case emptyLocale
  case localeDiffers

  public var description: String {
    switch self {
    case .unclosedQuote: "a quote is never closed, the file may be cut off"
    case .strayQuote: "a closing quote is not followed by a comma or the line's end"
    case .rowTooLong(let limit): "the row is longer than \(limit) bytes, a quote may be missing"
    case .fieldCount(let expected, let found):
      "\(counted(found, "field")) instead of \(expected), "
        + (found < expected ? "the file may be cut off" : "quotes may be missing around one")
    case .invalidUTF8: "the text is not UTF-8, which iconv -f ISO-8859-1 -t UTF-8 may make of it"
    case .noSession: "the session's id is empty"
    case .noTime(nil): "this is no time: seconds or milliseconds since 1970, or such as 2014-04-07T10:51:09Z"
    case .noTime(let format?): "the time is not in \(format.rawValue), as the first one is"
    case .emptySession: "the session is empty"
    case .emptyAnswer: "the answer is empty"
    case .noLength: "item_length is no whole number from 0 up"
    case .noBrackets: "the list has one of [ and ] and not the other, or one inside"
    case .itemNotQuoted: "an item of the list is not quoted as the others are"
    case .typedItem:
      "NumPy wrote its types into the list, np.str_('...'): write lists of plain str, as .tolist() has them"
    case .fractionItem: "the ids of the list are fractions, 214.: write them as whole numbers"
    case .unclosedItem: "the quote of an item is never closed"
    case .noSeparator: "a blank or comma is missing between two items"
    case .emptyItem: "an item is empty"
    case .blankInItem: "an item holds a blank or a backslash, which ids cannot have, or a quote is missing"
    case .ellipsis: "NumPy left items out of the list (...): write it with a higher threshold"
    case .badLocale: "the locale is no name of \(LocaleName.rule)"
    case .emptyLocale: "the locale is empty: write it, or leave out the column for all rows"
    case .localeDiffers: "the locale of the answer differs"
    }
  }
}
