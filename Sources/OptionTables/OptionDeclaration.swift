/// An option of a plan, or of a part of one: everything that is known of it, said once.
///
/// From it follow its flag, its line in a configuration file, its place in `config.yaml`, its help, and what a
/// checkpoint compares.
public struct OptionDeclaration<Owner>: Sendable {
  /// Such as `batch_size`: in files so, on the command line `--batch-size`.
  public let name: String
  /// What other tools call it, such as `train_batch_size`.
  public let aliases: [String]
  /// One sentence, or two.
  public let help: String
  let allowed: String
  let valueName: String
  let choices: [String]
  let absent: String?
  let isFlag: Bool
  let isRequired: Bool
  let decides: Decides
  /// The value as text; nil where there is none.
  package let read: @Sendable (Owner) -> String?
  /// Returns whether the text is of the kind and allowed.
  let write: @Sendable (inout Owner, String) -> Bool

  /// Whether another value would give a checkpoint other bits.
  public enum Decides: Sendable {
    case always, never
    case when(@Sendable (Owner) -> Bool)
    /// The same of an option that elsewhere does nothing at all.
    case whenUsed(@Sendable (Owner) -> Bool)
  }

  /// - Parameters:
  ///   - path: where the value is kept.
  ///   - isRequired: whether the option must be given.
  public init<Value>(
    _ name: String, _ path: WritableKeyPath<Owner, Value> & Sendable, _ kind: OptionKind<Value>,
    aliases: [String] = [], decides: Decides = .always, isRequired: Bool = false, _ help: String
  ) {
    self.name = name
    self.aliases = aliases
    self.help = help
    self.isRequired = isRequired
    self.decides = decides
    (allowed, valueName, choices) = (kind.allowed, kind.valueName, kind.choices)
    (absent, isFlag) = (kind.absent, kind.isFlag)
    read = { kind.text($0[keyPath: path]) }
    write = { owner, text in
      guard let value = kind.parse(text) else { return false }
      owner[keyPath: path] = value
      return true
    }
  }

  /// The same option of something that this owner is a part of.
  func lifted<Whole>(
    _ get: @escaping @Sendable (Whole) -> Owner, _ set: @escaping @Sendable (inout Whole, Owner) -> Void
  ) -> OptionDeclaration<Whole> {
    OptionDeclaration<Whole>(of: self, get, set)
  }

  private init<Part>(
    of part: OptionDeclaration<Part>, _ get: @escaping @Sendable (Owner) -> Part,
    _ set: @escaping @Sendable (inout Owner, Part) -> Void
  ) {
    (name, aliases, help) = (part.name, part.aliases, part.help)
    (allowed, valueName, choices, absent) = (part.allowed, part.valueName, part.choices, part.absent)
    (isFlag, isRequired) = (part.isFlag, part.isRequired)
    decides =
      switch part.decides {
      case .always: .always
      case .never: .never
      case .when(let condition): .when { condition(get($0)) }
      case .whenUsed(let condition): .whenUsed { condition(get($0)) }
      }
    read = { part.read(get($0)) }
    write = { whole, text in
      var value = get(whole)
      guard part.write(&value, text) else { return false }
      set(&whole, value)
      return true
    }
  }

  /// The value as help shows it, of an owner of which nothing was changed; nil where there is none to show.
  public func shownDefault(of owner: Owner) -> String? { isRequired ? nil : read(owner) ?? absent }

  /// Whether it decides the bits, whatever the others are.
  package var alwaysDecides: Bool { if case .always = decides { true } else { false } }

  /// Whether it does nothing beside the values of the others.
  package func isIdle(in owner: Owner) -> Bool {
    if case .whenUsed(let condition) = decides { !condition(owner) } else { false }
  }

  package func decidesBits(of owner: Owner) -> Bool {
    switch decides {
    case .always: true
    case .never: false
    case .when(let condition), .whenUsed(let condition): condition(owner)
    }
  }
}
