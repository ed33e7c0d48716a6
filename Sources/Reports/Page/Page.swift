/// A report as the templates show it. Every text in it is plain: templates escape.
package struct Page {
  package let pageTitle: String
  package let subtitle: String
  /// What made the page.
  package let maker: String
  package let hasContents: Bool
  package let chapters: [Chapter]

  package init(title: String, subtitle: String, maker: String, chapters: [Chapter]) {
    pageTitle = title
    self.subtitle = subtitle
    self.maker = maker
    self.chapters = chapters.enumerated().map { number, chapter in chapter.numbered(number + 1) }
    hasContents = chapters.count > 1
  }
}

/// A part of the page with a heading of its own.
package struct Chapter {
  package let heading: String
  package private(set) var anchor = ""
  package let sections: [Section]

  package init(_ heading: String, _ sections: [Section]) {
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
package struct Section {
  /// nil for none.
  package var sectionHeading: String?
  package var remarks: [String] = []
  package var facts: [Fact] = []
  package var figures: [Figure] = []
  package var tables: [Table] = []
  /// Shown when asked for.
  package var foldedTables: [Table] = []
  package var listings: [Listing] = []

  package init(
    sectionHeading: String? = nil, remarks: [String] = [], facts: [Fact] = [], figures: [Figure] = [],
    tables: [Table] = [], foldedTables: [Table] = [], listings: [Listing] = []
  ) {
    self.sectionHeading = sectionHeading
    self.remarks = remarks
    self.facts = facts
    self.figures = figures
    self.tables = tables
    self.foldedTables = foldedTables
    self.listings = listings
  }

}

/// Something that is known by a name.
package struct Fact {
  package let factName: String
  package let factValue: String

  package init(_ name: String, _ value: String) {
    factName = name
    factValue = value
  }
}

/// A chart, and its numbers for those who want them.
package struct Figure {
  package let drawing: Drawing
  /// What must be known to read it; nil for nothing.
  package let figureNote: String?
  package let numbers: Table

  package init(_ drawing: Drawing, note: String? = nil, numbers: Table) {
    self.drawing = drawing
    figureNote = note
    self.numbers = numbers
  }
}

/// Rows of cells below a head. A cell with a number stands to the right.
package struct Table {
  package let caption: String
  package let head: [Cell]
  package let rows: [Row]

  package struct Row {
    package let cells: [Cell]
    /// The best of its table.
    package let isBest: Bool
  }

  package struct Cell {
    package let text: String
    package let isNumber: Bool
  }

  /// - Parameter best: the row that stands out; nil for none.
  package init(_ caption: String, _ head: [String], _ rows: [[String]], best: Int? = nil) {
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
package struct Listing {
  package let listingTitle: String
  package let listingText: String

  package init(_ title: String, _ text: String) {
    listingTitle = title
    listingText = text
  }
}
