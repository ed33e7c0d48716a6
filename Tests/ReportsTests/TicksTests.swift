import Foundation
import Reports
import Testing

/// Axes: round numbers, labels that tell them apart, places in the drawing.
@Suite struct TicksTests {
  private func labels(_ values: [Double], isWhole: Bool = false, isWide: Bool = true, beginsAtZero: Bool = false)
    -> [String]
  {
    let axis = Axis(title: "x", beginsAtZero: beginsAtZero, isWhole: isWhole)
    return axis.scale(values, from: 0, to: 100, ticks: 5, isWide: isWide).ticks.map(\.label)
  }

  @Test func ticksAreRoundAndHoldWhatThereIs() {
    #expect(labels([3.373, 9.084]) == ["2", "4", "6", "8", "10"])
    #expect(labels([0.2340, 0.2830]) == ["0.23", "0.24", "0.25", "0.26", "0.27", "0.28", "0.29"])
    #expect(labels([0, 0.005]) == ["0.000", "0.001", "0.002", "0.003", "0.004", "0.005"])
    #expect(labels([510, 603], beginsAtZero: true) == ["0", "200", "400", "600", "800"])
    #expect(labels([-3, 4]) == ["-4", "-2", "0", "2", "4"])
    #expect(labels([0, 23456]) == ["0", "5000", "10,000", "15,000", "20,000", "25,000"])
    #expect(labels([0, 3e6]) == ["0", "1 M", "2 M", "3 M"])
  }

  @Test func epochsAndStepsAreWhole() {
    #expect(labels([1, 3], isWhole: true, isWide: false) == ["1", "2", "3"])
    #expect(labels([1, 1], isWhole: true, isWide: false) == ["0", "1", "2"])
    #expect(labels([198, 1188], isWhole: true, isWide: false) == ["200", "400", "600", "800", "1000"])
  }

  @Test func whatIsAloneOrNothingHasAnAxis() {
    #expect(labels([]).count >= 2)
    #expect(labels([0]).count >= 2)
    #expect(labels([5.5]).count >= 2)
    #expect(labels([.nan, .infinity, 1, 2]) == ["1.0", "1.2", "1.4", "1.6", "1.8", "2.0"])
    #expect(labels([1e-300, 2e-300]).count >= 2)
  }

  @Test func aLogarithmicAxisHasPowersOfTen() {
    let axis = Axis(title: "lr", isLogarithmic: true)
    let wide = axis.scale([0.0001, 0.1], from: 0, to: 300, ticks: 5, isWide: false)
    #expect(wide.ticks.map(\.label) == ["0.0001", "0.001", "0.01", "0.1"])
    #expect(abs((wide.place(0.01) ?? 0) - 200) < 1e-9)
    #expect(wide.place(0) == nil && wide.place(-1) == nil)
    let narrow = axis.scale([1, 9], from: 0, to: 1, ticks: 5, isWide: false)
    #expect(narrow.ticks.map(\.label) == ["1", "2", "5"])
  }

  @Test func placesFollowTheDirection() {
    // Upwards, as in a drawing whose origin is at the top.
    let scale = Axis(title: "y").scale([0, 10], from: 200, to: 0, ticks: 5, isWide: true)
    #expect(scale.place(0) == 200 && scale.place(10) == 0 && scale.place(2.5) == 150)
    #expect(scale.place(.nan) == nil)
  }

  @Test func numbersHaveTheDigitsThatCount() {
    let pairs: [(Double, String)] = [
      (0, "0"), (12, "12"), (1188, "1188"), (65219, "65,219"), (0.28298, "0.2830"), (0.005, "0.005000"),
      (9.08423, "9.0842"), (12.345, "12.35"), (603.65, "603.6"), (1e-6, "1e-06"), (.nan, "-"), (-65219, "-65,219"),
    ]
    for (number, text) in pairs { #expect(Ticks.number(number) == text) }
  }
}
