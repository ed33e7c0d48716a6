/// A report as the templates show it. Every text in it is plain: templates escape.
struct Page {
  let pageTitle: String
  let subtitle: String
  /// What made the page.
  let maker: String
  let hasContents: Bool
  let chapters: [Chapter]

  init(title: String, subtitle: String, maker: String, chapters: [Chapter]) {
    pageTitle = title
    self.subtitle = subtitle
    self.maker = maker
    self.chapters = chapters.enumerated().map { number, chapter in chapter.numbered(number + 1) }
    hasContents = chapters.count > 1
  }
}

/// A part of the page with a heading of its own.
struct Chapter {
  let heading: String
  private(set) var anchor = ""
  let sections: [Section]

  init(_ heading: String, _ sections: [Section]) {
    self.heading = heading
    self.sections = sections
  }

  fileprivate func numbered(_ number: Int) -> Chapter {
    var chapter = self
    chapter.anchor = "chapter-\(number)"
    return chapter
  }
}

/// A part of a chapter: what is said, charts, tables, texts. What there is nothing of is left out.
struct Section {
  /// nil for none.
  var sectionHeading: String?
  var remarks: [String] = []
  var facts: [Fact] = []
  var figures: [Figure] = []
  var tables: [Table] = []
  /// Shown when asked for.
  var foldedTables: [Table] = []
  var listings: [Listing] = []

}

/// Something that is known by a name.
struct Fact {
  let factName: String
  let factValue: String

  init(_ name: String, _ value: String) {
    factName = name
    factValue = value
  }
}

/// A chart, and its numbers for those who want them.
struct Figure {
  let drawing: Drawing
  /// What must be known to read it; nil for nothing.
  let figureNote: String?
  let numbers: Table

  init(_ drawing: Drawing, note: String? = nil, numbers: Table) {
    self.drawing = drawing
    figureNote = note
    self.numbers = numbers
  }
}

/// Rows of cells below a head. A cell with a number stands to the right.
struct Table {
  let caption: String
  let head: [Cell]
  let rows: [Row]

  struct Row {
    let cells: [Cell]
    /// The best of its table.
    let isBest: Bool
  }

  struct Cell {
    let text: String
    let isNumber: Bool
  }

  /// - Parameter best: the row that stands out; nil for none.
  init(_ caption: String, _ head: [String], _ rows: [[String]], best: Int? = nil) {
    self.caption = caption
    let columns = head.count
    func isNumber(_ text: String) -> Bool {
      // Also `46.3 %`, `12,345`, `1:02:03` and, among numbers, a hyphen for one that is missing.
      text == "-" || text.wholeMatch(of: /\d+(:\d\d)+/) != nil
        || Double(text.replacing(",", with: "").replacing(" %", with: "")) != nil
    }
    let padded = rows.map { Array(($0 + [String](repeating: "", count: max(0, columns - $0.count))).prefix(columns)) }
    let areNumbers = (0..<columns).map { column in
      column > 0 && !rows.isEmpty && padded.allSatisfy { $0[column].isEmpty || isNumber($0[column]) }
    }
    self.head = zip(head, areNumbers).map { Cell(text: $0, isNumber: $1) }
    self.rows = padded.enumerated().map { number, cells in
      Row(cells: zip(cells, areNumbers).map { Cell(text: $0, isNumber: $1) }, isBest: number == best)
    }
  }
}

/// A text as it is, such as a configuration.
struct Listing {
  let listingTitle: String
  let listingText: String

  init(_ title: String, _ text: String) {
    listingTitle = title
    listingText = text
  }
}
