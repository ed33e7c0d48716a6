/// Takes `PATH:number` apart at its last colon; where no number stands behind that, all of it is the path.
func pathAndNumber<Number: LosslessStringConvertible>(in text: String) -> (path: String, number: Number?) {
  guard let colon = text.lastIndex(of: ":"), let number = Number(String(text[text.index(after: colon)...])) else {
    return (text, nil)
  }
  return (String(text[..<colon]), number)
}
