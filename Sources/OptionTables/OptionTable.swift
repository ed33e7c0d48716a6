/// The options of a plan, or of a part of one, in the order in which they are listed everywhere.
public struct OptionTable<Owner>: Sendable {
  /// In the order in which they are listed; no name or alias is there twice.
  public let options: [OptionDeclaration<Owner>]

  /// - Precondition: no name or alias stands for two options.
  public init(_ options: [OptionDeclaration<Owner>]) {
    self.options = options
    let names = options.flatMap { [$0.name] + $0.aliases }
    precondition(Set(names).count == names.count, "an option is declared twice among \(names)")
  }

  /// The tables one after another.
  public init(joining tables: [OptionTable<Owner>]) { self.init(tables.flatMap(\.options)) }

  /// The same options of something that has an owner of these at `path`.
  public func lifted<Whole>(_ path: WritableKeyPath<Whole, Owner> & Sendable) -> OptionTable<Whole> {
    lifted {
      $0[keyPath: path]
    } set: {
      $0[keyPath: path] = $1
    }
  }

  /// The same options of something from which an owner of these can be taken, and into which it can be put.
  public func lifted<Whole>(
    _ get: @escaping @Sendable (Whole) -> Owner, set: @escaping @Sendable (inout Whole, Owner) -> Void
  ) -> OptionTable<Whole> {
    OptionTable<Whole>(options.map { $0.lifted(get, set) })
  }

  /// The option of that name, or alias.
  public subscript(name: String) -> OptionDeclaration<Owner>? {
    options.first { $0.name == name || $0.aliases.contains(name) }
  }

  /// All values as text, those that are none as nil.
  public func texts(of owner: Owner) -> [(name: String, text: String?)] {
    options.map { ($0.name, $0.read(owner)) }
  }

  /// The values that decide the bits, by name; those that are none are left out.
  public func decidingTexts(of owner: Owner) -> [String: String] {
    options.reduce(into: [:]) { texts, option in
      if option.decidesBits(of: owner) { texts[option.name] = option.read(owner) }
    }
  }

  /// Sets an option.
  /// - Parameter given: of this table, by name or alias.
  /// - Throws: `OptionError.badValue`.
  public func set(_ given: GivenOption, in owner: inout Owner) throws(OptionError) {
    guard let option = self[given.name] else { preconditionFailure("there is no option \(given.name) in the table") }
    if !option.write(&owner, given.text) {
      throw .badValue(
        given.label, value: given.text, allowed: option.allowed,
        nearest: nearestName(to: given.text, among: option.choices.filter { $0 != given.text }))
    }
  }

  /// Sets those of the options that this table has.
  /// - Throws: `OptionError.badValue`.
  public func set(known values: [String: String], in owner: inout Owner) throws(OptionError) {
    for option in options {
      if let text = values[option.name] { try set(GivenOption(flag: option.name, text), in: &owner) }
    }
  }

  /// - Parameter chosen: the options that were given, by name.
  /// - Throws: `OptionError.missing` for the first that must be given and was not.
  public func requireAll(_ chosen: [String: GivenOption]) throws(OptionError) {
    for option in options where option.isRequired && chosen[option.name] == nil {
      throw missing(option.name)
    }
  }

  /// What is said of an option that must be given and was not.
  public func missing(_ name: String) -> OptionError {
    .missing(name, allowed: self[name]?.allowed ?? "a value")
  }

  /// Checks the values of an owner, however it came by them.
  /// - Throws: `OptionError.badValue` for the first that is not allowed.
  public func check(_ owner: Owner) throws(OptionError) {
    for option in options {
      var copy = owner
      guard let text = option.read(owner), !option.write(&copy, text) else { continue }
      throw .badValue(flag(option.name), value: text, allowed: option.allowed)
    }
  }
}

/// An option's name as a flag: `--batch-size`.
public func flag(_ name: String) -> String { "--" + name.replacing("_", with: "-") }
