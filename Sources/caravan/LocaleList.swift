import Sessions

/// The locales that `--locales` lists.
/// - Throws: `SessionsError.invalidOption`.
func localeList(_ text: String) throws(SessionsError) -> [String] {
  guard let names = LocaleName.parse(list: text) else {
    throw .invalidOption(name: "--locales", reason: "is no list of locales: write names, such as ES,FR")
  }
  return names
}
