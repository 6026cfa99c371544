"""SOQL and SOSL over external objects, as Salesforce Connect runs them: parse, check, translate, ask, join."""
