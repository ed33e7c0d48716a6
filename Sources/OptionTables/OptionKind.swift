/// A kind of value that an option can have: how it is read from text, how it is written, and what is allowed.
public struct OptionKind<Value: Sendable>: Sendable {
  /// What may stand behind "choose": `a whole number from 1 to 256`.
  let allowed: String
  /// What stands for the value in help: `number`.
  let valueName: String
  /// All values, where they can be listed.
  package var choices: [String] = []
  /// How help writes that there is no value; nil where it does not say so.
  var absent: String?
  /// Whether the option is a flag, which is given or not and has no value on the command line.
  var isFlag = false
  /// The value; nil for text of another kind, or a value that is not allowed.
  package let parse: @Sendable (_ text: String) -> Value?
  /// What `parse` reads; nil where there is no value.
  let text: @Sendable (Value) -> String?

  /// A kind of one's own.
  public init(
    _ allowed: String, valueName: String, parse: @escaping @Sendable (_ text: String) -> Value?,
    text: @escaping @Sendable (Value) -> String?
  ) {
    self.allowed = allowed
    self.valueName = valueName
    self.parse = parse
    self.text = text
  }
}

extension OptionKind where Value: FixedWidthInteger & LosslessStringConvertible {
  /// Whole numbers. Every range has an end, so that no count, however it is multiplied later, overflows.
  public static func wholeNumber(_ range: ClosedRange<Value>) -> Self {
    Self("a whole number from \(range.lowerBound) to \(range.upperBound)", valueName: "number") { text in
      Value(text).flatMap { range.contains($0) ? $0 : nil }
    } text: {
      "\($0)"
    }
  }

  /// Whole numbers of any size, which may be written short: `3.6M` and `3.6e6` are 3600000. K, M, G and T are powers of
  /// 1000.
  public static func count(_ range: ClosedRange<Value>) -> Self {
    Self("a whole number from \(range.lowerBound) to \(range.upperBound), such as 1.4M", valueName: "number") { text in
      let factors: [Character: Double] = ["K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12]
      if let whole = Value(text) { return range.contains(whole) ? whole : nil }
      let factor = text.uppercased().last.flatMap { factors[$0] }
      guard let number = Double(factor == nil ? text[...] : text.dropLast()), number.isFinite else { return nil }
      return Value(exactly: (number * (factor ?? 1)).rounded()).flatMap { range.contains($0) ? $0 : nil }
    } text: {
      "\($0)"
    }
  }

  /// Powers of two.
  public static func powerOfTwo(_ range: ClosedRange<Value>) -> Self {
    Self("a power of two from \(range.lowerBound) to \(range.upperBound)", valueName: "number") { text in
      Value(text).flatMap { range.contains($0) && $0.nonzeroBitCount == 1 ? $0 : nil }
    } text: {
      "\($0)"
    }
  }
}

extension OptionKind where Value: BinaryFloatingPoint & LosslessStringConvertible {
  /// Finite numbers that meet a condition.
  public static func number(_ allowed: String, where holds: @escaping @Sendable (Value) -> Bool) -> Self {
    Self(allowed, valueName: "number") { text in
      // -0 is 0: the two are written alike.
      Value(text).flatMap { $0.isFinite && holds($0) ? $0 + 0 : nil }
    } text: {
      "\($0)"
    }
  }

  /// Numbers above 0.
  public static var positive: Self { number("a number above 0") { $0 > 0 } }

  /// Numbers from 0 up.
  public static var notNegative: Self { number("a number from 0 up") { $0 >= 0 } }

  /// Shares of less than the whole.
  public static var rate: Self {
    number("a number from 0 up to, not including, 1") { (0..<1).contains($0) }
  }
}

extension OptionKind where Value: CaseIterable & RawRepresentable<String> {
  /// One of an enumeration's cases, in capital or small letters, with dashes or underscores.
  public static var choice: Self {
    let names = Value.allCases.map(\.rawValue)
    var kind = Self(listed(names), valueName: names.joined(separator: "|")) { text in
      Value.allCases.first { GivenOption.normal($0.rawValue) == GivenOption.normal(text) }
    } text: {
      $0.rawValue
    }
    kind.choices = names
    return kind
  }
}

extension OptionKind<Bool> {
  /// Given or not; in a file `true` or `false`.
  public static var flag: Self {
    var kind = Self("true or false", valueName: "true|false") { text in
      ["true": true, "yes": true, "on": true, "false": false, "no": false, "off": false][text.lowercased()]
    } text: {
      "\($0)"
    }
    kind.isFlag = true
    return kind
  }
}

extension OptionKind<String> {
  /// Any text but none, such as a path.
  public static func text(_ allowed: String, valueName: String) -> Self {
    Self(allowed, valueName: valueName) {
      $0.isEmpty ? nil : $0
    } text: {
      $0.isEmpty ? nil : $0
    }
  }
}

extension OptionKind {
  /// The same values, or none: written `none`, and not at all where the text may be missing.
  public func orNone() -> OptionKind<Value?> {
    let (parse, text) = (self.parse, self.text)
    var kind = OptionKind<Value?>(allowed + ", or none", valueName: valueName) { given in
      given.lowercased() == "none" ? .some(nil) : parse(given).map { .some($0) }
    } text: {
      $0.flatMap(text)
    }
    (kind.choices, kind.absent) = (choices, "none")
    return kind
  }
}

extension OptionKind {
  /// The same values, or `auto`, which is no value: what it stands for then follows from other things.
  public func orAuto() -> OptionKind<Value?> {
    let (parse, text) = (self.parse, self.text)
    var kind = OptionKind<Value?>(allowed + ", or auto", valueName: valueName) { given in
      given.lowercased() == "auto" ? .some(nil) : parse(given).map { .some($0) }
    } text: {
      $0.map(text) ?? "auto"
    }
    kind.choices = choices
    return kind
  }
}

/// `a, b or c`.
package func listed(_ names: [String], _ conjunction: String = "or") -> String {
  guard let last = names.last, names.count > 1 else { return names.first ?? "" }
  return names.dropLast().joined(separator: ", ") + " \(conjunction) " + last
}
