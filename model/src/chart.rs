pub fn svg(_: &crate::model::Pair, _: &[crate::action::Action]) -> String {
    String::new()
}
