import Reports
import Testing

/// What charts draw: everything inside, told apart without colours, thinned out where it is much.
@Suite struct ChartTests {
  @Test func curvesLieInTheirFrame() throws {
    let points: [(x: Double, y: Double)] = [(1, 9), (2, 5.5), (3, .infinity), (4, 3)]
    let drawing = LineChart(
      title: "Loss", x: Axis(title: "epoch", isWhole: true), y: Axis(title: "nats"),
      series: [.init(name: "one", points: points), .init(name: "two", points: [(2, 4)])]
    ).drawing()
    #expect(drawing.lines.count == 1 && drawing.dots.count == 4)
    #expect(drawing.hasLegend && drawing.legend.map(\.name) == ["one", "two"])
    #expect(drawing.legend[0].style != drawing.legend[1].style)
    let plot = Plot()
    for dot in drawing.dots {
      #expect((plot.left...plot.right).contains(try #require(Double(dot.x))))
      #expect((plot.top...plot.bottom).contains(try #require(Double(dot.y))))
    }
    #expect(drawing.dots[0].tip == "one: 9 at 1")
  }

  @Test func stylesAreAllDifferent() {
    let styles = (0..<64).map(style)
    #expect(Set(styles).count == 64)
    // Without colours, too, the first eight differ.
    #expect(Set(styles.prefix(8).map { $0.split(separator: " ")[1] }).count == 8)
  }

  @Test func barsBearTheNumbersOfTheLegend() throws {
    let drawing = BarChart(
      title: "Recall", names: "locale", axis: Axis(title: "recall@100"),
      groups: [
        .init(name: "ES", values: [0.4, 0.6]), .init(name: "a name that is much too long", values: [nil, 0.5]),
      ], series: ["before", "after"]
    ).drawing()
    #expect(drawing.bars.count == 3)
    #expect(drawing.words.filter { $0.style == "mark" }.map(\.text) == ["1", "2", "2"])
    #expect(drawing.legend.map(\.mark) == ["1", "2"])
    #expect(drawing.yTicks[1].label.hasSuffix("…") && drawing.yTicks[1].fullLabel == "a name that is much too long")
    #expect(drawing.bars[1].tip == "ES, after: 0.6000")
  }

  @Test func partsOfABarFollowOneAnother() throws {
    let drawing = BarChart(
      title: "Time", names: "run", axis: Axis(title: "ms"), groups: [.init(name: "a", values: [1, 3, nil, 4])],
      series: ["p", "q", "r", "s"], isStacked: true
    ).drawing()
    let ends = try drawing.bars.map { try #require(Double($0.x)) + #require(Double($0.width)) }
    #expect(abs(ends[0] - (try #require(Double(drawing.bars[1].x)))) < 0.2)
    #expect(abs(ends[1] - (try #require(Double(drawing.bars[2].x)))) < 0.2)
  }

  @Test func longCurvesAreMeans() {
    let points = (1...1000).map { (x: Double($0), y: Double($0)) }
    let few = Thinning.means(points, limit: 100)
    #expect(few.count == 100 && few[0].x == 10 && few[0].y == 5.5 && few[99].x == 1000)
    #expect(Thinning.means(Array(points.prefix(7)), limit: 100).count == 7)
    #expect(Thinning.some(Array(0...100), limit: 3) == [0, 50, 100])
  }

  @Test func columnsOfNumbersStandToTheRight() {
    let table = Table("t", ["name", "value", "text"], [["1", "12,345", "a"], ["2", "-"], ["3", "4 %", "5", "6"]])
    #expect(table.head.map(\.isNumber) == [false, true, false])
    #expect(table.rows.allSatisfy { $0.cells.count == 3 })
  }
}
