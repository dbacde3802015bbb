"""The parts of a Salesforce formula."""
