/// Numbers the locales of the sessions that are kept, in the order of their first appearance.
final class LocaleNumbering {
  /// By code.
  private(set) var names: [String] = []
  private var codeOfName: [String: UInt16] = [:]
  /// Whether there was a session without a locale.
  private var sawNameless = false
  /// Whether sessions without a locale are among those that are kept.
  var keepsNameless: Bool { sawNameless && wanted.isEmpty }
  /// Those to keep, as an option names them; empty for all.
  private let wanted: [String]
  /// Which names stand for each of the wanted ones.
  private var found: [String: [String]] = [:]
  /// Names of sessions that are not kept.
  private var others: [String] = []
  /// Every spelling that was met, and what became of it: its code, or nil where it is not kept.
  private let spellings = Vocabulary()
  private var codes: [UInt16?] = []

  init(wanted: [String]) { self.wanted = wanted }

  /// The code of a session's locale; nil where the session is not kept.
  /// - Parameter name: a valid name; nil for a session without one.
  /// - Throws: `SessionsError.tooManyLocales`.
  func code(of name: TextSlice?) throws -> UInt16? {
    guard let name else {
      sawNameless = true
      return wanted.isEmpty ? LocaleNames.none : nil
    }
    let place = Int(try spellings.row(of: name)) - 1
    if place == codes.count { codes.append(try code(ofNew: name.string)) }
    return codes[place]
  }

  private func code(ofNew name: String) throws -> UInt16? {
    if !wanted.isEmpty {
      guard let match = wanted.first(where: { $0 == name }) ?? wanted.first(where: { isAlike($0, name) }) else {
        others.append(name)
        return nil
      }
      found[match, default: []].append(name)
    }
    // Two spellings may be one name: letters can be composed in several ways.
    if let code = codeOfName[name] { return code }
    guard names.count < LocaleNames.most else { throw SessionsError.tooManyLocales }
    let code = UInt16(names.count)
    codeOfName[name] = code
    names.append(name)
    return code
  }

  /// Whether a name is what an option says in other letters, and what it says is not there as it is.
  private func isAlike(_ wanted: String, _ name: String) -> Bool {
    wanted.lowercased() == name.lowercased() && !(found[wanted] ?? []).contains(wanted)
  }

  /// Checks, once all sessions were read, that each of the wanted names stands for one locale.
  /// - Parameter exceptions: names that may be missing.
  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`.
  func requireWanted(but exceptions: Set<String>) throws {
    // Files without a session are an error of their own.
    if names.isEmpty, others.isEmpty, !sawNameless { return }
    for name in wanted {
      let names = Set(found[name] ?? []).sorted()
      if names.count > 1 { throw SessionsError.ambiguousLocale(text: name, names: names) }
      if names.isEmpty, !exceptions.contains(name) {
        throw SessionsError.unknownLocale(text: name, known: self.names + others)
      }
    }
  }
}
