/// How a click log was read, as `dataset.json` remembers it, so that its siblings are read in the same way.
public struct ClickLogReading: Codable, Equatable, Sendable {
  /// By role: the column's name, or its number in a file without a header.
  public var columns: [String: String]
  /// How times are written; nil without times.
  public var time: String?
  /// Seconds without a click after which another session begins; nil for never.
  public var sessionGap: Double?
  /// The events that are kept; nil for all.
  public var events: [String]?

  init(_ shape: FileShape, _ time: TimeFormat?, _ options: PreparationOptions) {
    columns = Dictionary(uniqueKeysWithValues: shape.columns.map { ($0.rawValue, shape.names[$1]) })
    self.time = shape.columns[.time] == nil ? nil : time?.rawValue
    sessionGap = options.sessionGap.map { Double($0) / 1e6 }
    events = options.events.isEmpty ? nil : options.events
  }

  /// Such as `a click a row: item sku, session visitor, time ts (seconds); another session after 1800 s`.
  public var description: String {
    let named = columns.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")
    let parts = [
      "a click a row: \(named)" + (time.map { " (\($0))" } ?? ""),
      sessionGap.map { "another session after \(Int($0)) s" },
      events.map { "events \($0.joined(separator: ", "))" },
    ]
    return parts.compactMap { $0 }.joined(separator: "; ")
  }

  /// `sessionGap` in microseconds.
  var gap: Int64? { sessionGap.map { Int64(($0 * 1e6).rounded()) } }

  /// The columns as somebody would choose them.
  public var choice: ColumnChoice {
    ColumnChoice(
      Dictionary(
        uniqueKeysWithValues: columns.compactMap { name, column in ColumnRole(rawValue: name).map { ($0, column) } }))
  }

  /// The same of another file, unless it has not got the columns.
  func shape(of rows: DelimitedRowReader, format: SessionFileFormat) throws -> FileShape {
    let header = try FileHeader(of: rows, format, isNumbered: choice.isByNumber)
    let isAlike = choice.isByNumber ? header.isNumbered : columns.values.allSatisfy(header.names.contains)
    return try FileShape(header, rows, isAlike ? choice : ColumnChoice())
  }
}
