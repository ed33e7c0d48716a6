/// What a column of a file is for.
public enum ColumnRole: String, CaseIterable, Codable, Sendable {
  // Click logs, a click a row
  /// Which rows belong together: the session's id, else the visitor's.
  case session
  case item
  case time
  /// Milliseconds since the session began, where `time` has the day alone.
  case elapsed
  /// What the visitor did, such as `view`.
  case event
  // Session files, a session a row
  /// The list of a session's items.
  case items
  /// The item that followed.
  case answer
  // Both
  case locale

  /// The names that it goes by, the likeliest first; in small letters, without `_`, `-` and blanks.
  var names: [String] {
    switch self {
    case .session:
      [
        "sessionid", "session", "usersession", "visitorid", "visitor", "userid", "user", "customerid", "customer",
        "clientid",
      ]
    case .item: ["itemid", "item", "productid", "product", "sku", "articleid", "article", "asin"]
    case .time: ["timestamp", "time", "ts", "eventtime", "datetime", "timems", "eventdate", "date"]
    case .elapsed: ["timeframe"]
    case .event: ["event", "eventtype", "behavior", "behaviortype", "action", "actiontype"]
    case .items: ["previtems", "itemidlist"]
    case .answer: ["nextitem"]
    case .locale: ["itemlocale", "locale"]
    }
  }

  /// A column's name as `names` spells it.
  static func plain(_ name: String) -> String {
    name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
  }

  /// Whether a text is a name that columns have, with a type or without.
  static func isName(_ text: String) -> Bool {
    let name = plain(String(text.prefix { $0 != ":" }))
    return allCases.contains { $0.names.contains(name) }
  }

  /// The column that has the likeliest of a role's names.
  func column(in names: [String]) -> Int? {
    let plain = names.map(Self.plain)
    return self.names.lazy.compactMap { plain.firstIndex(of: $0) }.first
  }
}

/// What columns are for, as somebody says it: `session=visitor,item=sku,time=ts`, or by their numbers from 1 where a
/// file has no header.
public struct ColumnChoice: Equatable, Sendable {
  /// By role: a name or a number.
  public private(set) var columns: [ColumnRole: String] = [:]

  /// Nothing is said: columns are found by their names.
  public init() {}

  /// - Throws: `SessionsError.invalidOption`.
  public init(parsing text: String) throws {
    func refuse(_ reason: String) -> SessionsError { .invalidOption(name: "--columns", reason: reason) }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1).map { $0.trimmingBlanks }
      guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
        throw refuse("is a list such as session=visitor,item=sku,time=ts; '\(part)' is no part of one")
      }
      guard let role = ColumnRole(rawValue: sides[0]) else {
        let roles = ColumnRole.allCases.map(\.rawValue).joined(separator: ", ")
        throw refuse("has no '\(sides[0])': choose from \(roles)")
      }
      guard columns.updateValue(sides[1], forKey: role) == nil else { throw refuse("names \(role.rawValue) twice") }
    }
  }

  init(_ columns: [ColumnRole: String]) { self.columns = columns }

  var isEmpty: Bool { columns.isEmpty }

  /// Whether all columns are numbers: the file has no header then.
  var isByNumber: Bool { !columns.isEmpty && columns.values.allSatisfy { Int($0) != nil } }
}

extension Substring {
  fileprivate var trimmingBlanks: String { split(separator: " ").joined(separator: " ") }
}
