import Testing

import OptionTables

/// A plan of a few options of every kind.
private struct Plan {
  enum Colour: String, CaseIterable, Sendable { case red, green }

  var count = 3
  var rate: Float = 0.5
  var colour = Colour.red
  var limit: Double?
  var isLoud = false
  var name = "none yet"

  static let table = OptionTable<Plan>([
    OptionDeclaration("count", \.count, .wholeNumber(1...100), aliases: ["number"], "How many."),
    OptionDeclaration("rate", \.rate, .rate, decides: .when { $0.isLoud }, "How much."),
    OptionDeclaration("colour", \.colour, .choice, "Which."),
    OptionDeclaration("limit", \.limit, OptionKind<Double>.positive.orNone(), "No more."),
    OptionDeclaration("loud", \.isLoud, .flag, decides: .never, "Whether."),
    OptionDeclaration("name", \.name, .text("a name", valueName: "name"), isRequired: true, "Who."),
  ])

  func setting(_ name: String, _ text: String) throws(OptionError) -> Plan {
    var plan = self
    try Self.table.set(GivenOption(flag: name, text), in: &plan)
    return plan
  }
}

@Suite struct OptionTableTests {
  @Test(arguments: [
    ("count", "7", "7"), ("number", "7", "7"), ("count", " 7 ", "7"), ("rate", "1e-1", "0.1"),
    ("colour", "GREEN", "green"),
    ("limit", "2", "2.0"), ("loud", "Yes", "true"), ("name", "x y", "x y"),
  ]) func valuesAreReadAndWritten(name: String, text: String, written: String) throws {
    let plan = try Plan().setting(name, text)
    #expect(Plan.table[name]?.read(plan) == written)
  }

  /// What cannot be is refused with the value and what can be: nothing that a user types traps or passes for another.
  @Test(arguments: [
    ("count", "0"), ("count", "101"), ("count", "9223372036854775807"), ("count", "9223372036854775808"),
    ("count", "-1"),
    ("count", "1.5"), ("count", "1e2"), ("count", ""), ("count", "seven"), ("rate", "1"), ("rate", "nan"),
    ("rate", "-0.1"),
    ("rate", "inf"), ("rate", "1e60"), ("limit", "0"), ("limit", "1e999"), ("colour", "blue"), ("loud", "2"),
    ("name", " "),
  ]) func whatCannotBeIsRefused(name: String, text: String) {
    #expect(throws: OptionError.self) { try Plan().setting(name, text) }
  }

  @Test func messagesNameTheOptionAsItWasSpelledTheValueAndWhatIsAllowed() {
    var plan = Plan()
    #expect(throws: OptionError.badValue("--number", value: "x", allowed: "a whole number from 1 to 100")) {
      try Plan.table.set(GivenOption(flag: "NUMBER", "x"), in: &plan)
    }
    let bad = OptionError.badValue(
      "colour in a.yaml", value: "gren\u{1b}[2J", allowed: "red or green", nearest: "green")
    #expect(bad.description == "colour in a.yaml is gren?[2J: did you mean green? Choose red or green")
    #expect(OptionError.missing("name", allowed: "a name").description == "--name is missing: give a name")
  }

  @Test func anOptionMayBeTakenBack() throws {
    #expect(try Plan().setting("limit", "2").setting("limit", "none").limit == nil)
  }

  @Test func onlyWhatDecidesIsCompared() throws {
    #expect(Plan.table.decidingTexts(of: Plan()) == ["count": "3", "colour": "red", "name": "none yet"])
    let loud = try Plan().setting("loud", "true").setting("limit", "4")
    #expect(
      Plan.table.decidingTexts(of: loud)
        == ["count": "3", "rate": "0.5", "colour": "red", "limit": "4.0", "name": "none yet"])
  }

  /// Values that were set in code are held to the same rules.
  @Test func checkFindsWhatIsNotAllowed() {
    var plan = Plan()
    plan.rate = .nan
    #expect(throws: OptionError.badValue("--rate", value: "nan", allowed: "a number from 0 up to, not including, 1")) {
      try Plan.table.check(plan)
    }
  }

  @Test func whatMustBeGivenIsMissed() {
    #expect(throws: OptionError.missing("name", allowed: "a name")) { try Plan.table.requireAll([:]) }
  }

  @Test func helpSaysTheDefaultAndWhoseOptionItIs() {
    let own = Plan.table.summaries(Plan(), owner: "A")
    var other = Plan()
    other.count = 9
    let merged = (own + Plan.table.summaries(other, owner: "B")).merged
    #expect(merged[0].help == "A, B: How many. (default: A 3, B 9)")
    #expect(merged[1].help == "A, B: How much. (default: 0.5)")
    #expect(Plan.table.summaries(Plan())[3].help == "No more. (default: none)")
    #expect(Plan.table.summaries(Plan())[5].help == "Who.")
  }
}
