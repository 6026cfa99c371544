"""Fills a new Tryton database: run as a process of its own, ``python business.py <configuration> <database>``.

Tryton and proteus are GPL: nothing of the product imports them, and no test but this script, which tests start.
"""

import datetime as dt
import os
import sys
from decimal import Decimal
from typing import Any

from proteus import Model, Wizard
from proteus import config as proteus_config

MODULES = [
    "account_credit_limit",
    "account_dunning",
    "account_invoice_stock",
    "account_payment",
    "sale",
    "sale_credit_limit",
    "stock_lot",
]
PASSWORD = "correct horse battery"

# Names with everything that quoting, wildcards and collations could trip over.
NAMES = [
    "Müller & Söhne GmbH",
    "O'Brien's Pumps",
    "100% Steel",
    "Under_score Ltd",
    "Back\\slash SA",
    "東京工業株式会社",
    "acme tools",
    "ACME Tools",
    "Acme-Tools",
    "Zebra",
    "ängström AB",
    "Éclair & Cie",
    'Quote "Double" Inc',
    "Ilık İstanbul A.Ş.",
    "a, b; c",
    "Ｆｕｌｌｗｉｄｔｈ",
    "No Address",
    "Retired Inc",
    "Emoji 🚀 Labs",
    "Semi%Under_Both",
]


def main(configuration: str, database: str) -> None:
    if not os.environ.get("READY"):
        make_database(configuration, database)
    if os.environ.get("ONLY"):
        return
    config = proteus_config.set_trytond(database, config_file=configuration)
    Business(config).make()


def make_database(configuration: str, name: str) -> None:
    """Tables and modules, in one go and in English alone."""
    os.environ.pop("TRYTOND_DATABASE_URI", None)
    import trytond.config as trytond_config

    trytond_config.update_etc(configuration)
    from trytond import backend
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    backend.Database(name).init()
    Pool.start()
    pool = Pool(name)
    pool.init(update=["res", *MODULES], lang=["en"], activatedeps=True, indexes=False)
    with Transaction().start(name, 0) as transaction:
        pool.get("res.user")(login="admin", password=PASSWORD, administrator=True, active=True).save()
        transaction.commit()


def each(model: str, **values: Any) -> Any:
    record = Model.get(model)()
    for name, value in values.items():
        setattr(record, name, value)
    return record


def saved(model: str, **values: Any) -> Any:
    record = each(model, **values)
    record.save()
    return record


def one(model: str, *clauses: Any) -> Any:
    return Model.get(model).find(list(clauses), limit=1)[0]


class Business:
    """What the company has done so far: masters first, then documents."""

    def __init__(self, config: Any) -> None:
        config.skip_warning = True  # dates in the past
        self.today = dt.datetime.now(dt.UTC).date()

    def make(self) -> None:
        self.company()
        self.accounting()
        self.parties()
        self.products()
        self.stock()
        self.sales()
        self.shipments()
        self.invoices()
        self.payments()
        self.dunning()
        self.users()

    def company(self) -> None:
        from trytond.modules.company.tests.tools import create_company, get_company

        create_company(currency="EUR")
        self.company_record = get_company()
        from trytond.modules.currency.tests.tools import get_currency

        self.dollar = get_currency("USD")

    def accounting(self) -> None:
        from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts
        from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences

        create_chart()
        year = (self.today - dt.timedelta(days=200), self.today)
        fiscal = set_fiscalyear_invoice_sequences(create_fiscalyear(today=year))
        fiscal.click("create_period")
        self.accounts = get_accounts()
        self.tax = create_tax(Decimal("0.19"))
        self.tax.save()
        cash = one("account.journal", ("type", "=", "cash"))
        self.cash = saved(
            "account.invoice.payment.method",
            name="Cash",
            journal=cash,
            credit_account=self.accounts["cash"],
            debit_account=self.accounts["cash"],
        )
        self.net = each("account.invoice.payment_term", name="30 days")
        delta = self.net.lines.new(type="remainder").relativedeltas.new()
        delta.days = 30
        self.net.save()
        self.halves = each("account.invoice.payment_term", name="Two instalments")
        first = self.halves.lines.new(type="percent", ratio=Decimal("0.5"))
        first.relativedeltas.new().days = 10
        second = self.halves.lines.new(type="remainder")
        second.relativedeltas.new().days = 60
        self.halves.save()

    def parties(self) -> None:
        germany = saved("country.country", name="Germany", code="DE")
        japan = saved("country.country", name="Japan", code="JP")
        self.procedure = each("account.dunning.procedure", name="Usual")
        for sequence, days in ((1, 5), (2, 30)):
            level = self.procedure.levels.new()
            level.sequence, level.overdue = sequence, dt.timedelta(days=days)
        self.procedure.save()
        self.customers = []
        for index, name in enumerate(NAMES):
            party = each("party.party", name=name, code=f"C-{index + 1:03d}")
            if name != "No Address":
                address = party.addresses[0] if party.addresses else party.addresses.new()
                address.street, address.city = f"Street {index}\nBack yard", f"City {index % 4}"
                address.postal_code = f"{10000 + index}"
                address.country = (germany, japan)[index % 2]
            else:
                del party.addresses[:]
            if index % 3 == 0:
                party.contact_mechanisms.new(type="email", value=f"office{index}@example.com")
            if index % 4 == 0:
                party.contact_mechanisms.new(type="website", value=f"https://example.com/{index}")
            if index % 2:
                party.credit_limit_amount = Decimal(100_000 * (index + 1))
            if index % 5 == 0:
                party.dunning_procedure = self.procedure
            party.customer_payment_term = (self.net, self.halves)[index % 7 == 0]
            party.save()
            self.customers.append(party)
        self.supplier = saved("party.party", name="Supplier", code="S-001")

    def products(self) -> None:
        category = each("product.category", name="Goods", accounting=True)
        category.account_expense = self.accounts["expense"]
        category.account_revenue = self.accounts["revenue"]
        category.customer_taxes.append(self.tax)
        category.save()
        unit = one("product.uom", ("name", "=", "Unit"))
        kilogram = one("product.uom", ("name", "=", "Kilogram"))
        self.items = []
        for index in range(12):
            template = each("product.template", name=f"Pump {index}" if index % 3 else f"Steel {index} %")
            template.default_uom = kilogram if index == 3 else unit
            template.type = "service" if index == 7 else "goods"
            template.salable = True
            template.list_price = Decimal("10.5000") * (index + 1)
            template.account_category = category
            if index == 5:
                template.lot_required = ["storage", "customer"]
            (product,) = template.products
            product.suffix_code = None if index == 9 else f"P{index:02d}"
            if index % 2:
                product.description = f"Heavy {index}"
            template.save()
            self.items.append(template.products[0])
        self.items[11].template.active = False
        self.items[11].template.save()

    def stock(self) -> None:
        first = one("stock.location", ("type", "=", "warehouse"))
        first.code = "WH1"
        first.save()
        places = {}
        for kind, name in (("storage", "Storage"), ("storage", "Input"), ("storage", "Output")):
            places[name] = saved("stock.location", name=f"North {name}", type=kind)
        self.north = saved(
            "stock.location",
            name="North",
            code="WH2",
            type="warehouse",
            storage_location=places["Storage"],
            input_location=places["Input"],
            output_location=places["Output"],
            lost_found_location=saved("stock.location", name="North lost and found", type="lost_found"),
        )
        for place in places.values():
            place.parent = self.north
            place.save()
        self.south = first
        self.lots = [saved("stock.lot", number=f"SN-{n:04d}", product=self.items[5]) for n in range(1, 5)]
        for factor, storage in ((1, first.storage_location), (2, places["Storage"])):
            inventory = each("stock.inventory", location=storage)
            for index, item in enumerate(self.items[:6]):
                if index == 5:
                    for lot in self.lots[:2] if factor == 1 else self.lots[2:3]:
                        inventory.lines.new(product=item, lot=lot, quantity=1.0)
                    continue
                inventory.lines.new(product=item, quantity=(100.0 if index != 3 else 12.34) * factor)
            inventory.click("confirm")

    def sales(self) -> None:
        self.orders = []
        for index in range(14):
            sale = each("sale.sale", party=self.customers[index % 16])
            sale.payment_term = self.halves if index % 6 == 0 else self.net
            sale.sale_date = self.today - dt.timedelta(days=3 * index)
            sale.invoice_method = "fulfillment" if index % 2 else "order"
            sale.warehouse = (self.south, self.north)[index % 2]
            sale.reference = (f"PO {index}%", None, "")[index % 3]
            if index % 5 == 1:
                sale.currency = self.dollar
            for number in range(1 + index % 3):
                line = sale.lines.new()
                line.product = self.items[(index + number) % 5]
                line.quantity = 2.0 + number + (0.5 if line.product == self.items[3] else 0)
            if index % 4 == 0:
                sale.lines.new(type="comment", description="Handle with care")
            sale.save()
            self.orders.append(sale)
        lot_sale = each("sale.sale", party=self.customers[0], payment_term=self.net, warehouse=self.south)
        lot_sale.lines.new().product = self.items[5]
        lot_sale.lines[0].quantity = 1.0
        lot_sale.save()
        self.orders.append(lot_sale)
        kind = Model.get("sale.sale")
        kind.click(self.orders[2:], "quote")  # two remain drafts
        kind.click(self.orders[4:], "confirm")  # two remain quotations
        self.orders[3].click("cancel")
        for order in self.orders:
            order.reload()

    def shipments(self) -> None:
        """Every third one leaves, the second of those only in part, so that there is a back order."""
        kind = Model.get("stock.shipment.out")
        for index, order in enumerate(self.orders[4:]):
            for shipment in order.shipments:
                if order is self.orders[-1]:
                    for move in shipment.inventory_moves:
                        move.lot = self.lots[0]
                    shipment.save()
                    shipment.click("assign_try")
                elif index % 3 == 2:
                    continue
                else:
                    if index % 6 == 1:
                        shipment.inventory_moves[0].quantity -= 1
                        shipment.save()
                    shipment.click("assign_try")
                if shipment.state != "assigned":
                    continue
                shipment.click("pick")
                shipment.click("pack")
                if index % 4 != 3:
                    shipment.click("do")
        self.shipped = kind.find([])

    def invoices(self) -> None:
        kind = Model.get("account.invoice")
        drafts = kind.find([("state", "=", "draft"), ("type", "=", "out")])
        for index, invoice in enumerate(drafts):
            invoice.invoice_date = self.today - dt.timedelta(days=90 - 4 * index)
            invoice.accounting_date = invoice.invoice_date
        kind.save(drafts)
        drafts = sorted(drafts, key=lambda each: each.invoice_date)
        kind.click(drafts[:-2], "post")
        direct = []
        for index in range(10):
            invoice = each("account.invoice", type="out", party=self.customers[index], payment_term=self.net)
            invoice.invoice_date = drafts[-3].invoice_date if len(drafts) > 2 else self.today
            invoice.accounting_date = invoice.invoice_date
            invoice.reference = f"Ref_{index}%" if index % 2 else None
            line = invoice.lines.new()
            line.product = self.items[7]
            line.quantity = -1.0 if index in (3, 6) else 1.0 + index
            if index == 5:
                line.quantity = 0.0
            line.unit_price = Decimal("84.1250")
            invoice.lines.new(type="comment", description="Thank you")
            invoice.save()
            direct.append(invoice)
        kind.click(direct, "post")
        cancelled = each("account.invoice", type="out", party=self.customers[2], payment_term=self.net)
        cancelled.lines.new(account=self.accounts["revenue"], quantity=1, unit_price=Decimal("5"))
        cancelled.save()
        cancelled.click("cancel")
        loose = each("account.invoice.line", party=self.customers[1], invoice_type="out", company=self.company_record)
        loose.currency, loose.account, loose.quantity = self.company_record.currency, self.accounts["revenue"], 3.0
        loose.unit_price = Decimal("7.5")
        loose.save()
        supplier = each("account.invoice", type="in", party=self.supplier, payment_term=self.net)
        supplier.invoice_date = self.today
        supplier.lines.new(account=self.accounts["expense"], quantity=1, unit_price=Decimal("77"))
        supplier.save()
        supplier.click("post")
        self.posted = kind.find([("state", "=", "posted"), ("type", "=", "out")], order=[("id", "ASC")])

    def payments(self) -> None:
        own = [i for i in self.posted if i.currency.code == "EUR"]
        plain = [i for i in own if len(i.lines_to_pay) == 1 and i.total_amount > 0]
        self.pay(plain[0], plain[0].amount_to_pay)
        self.pay(plain[1], Decimal("1.23"), "partial")
        self.pay(plain[2], plain[2].amount_to_pay)
        journal = saved("account.payment.journal", name="Bank", process_method="manual")
        kind = Model.get("account.payment")
        made = []
        for index, invoice in enumerate(plain[3:9]):
            line = invoice.lines_to_pay[0]
            payment = each("account.payment", journal=journal, kind="receivable", party=line.party, line=line)
            payment.amount, payment.date = line.amount, self.today
            if index == 1:
                payment.amount = (payment.amount / 2).quantize(Decimal("0.01"))
            if index % 2:
                payment.reference = f"RF_{index}%"
            payment.save()
            made.append(payment)
        kind.click(made[1:], "submit")
        for payment in made[3:]:
            payment.click("process_wizard")
        made[4].reload()
        made[4].click("succeed")
        made[5].reload()
        made[5].click("fail")

    def pay(self, invoice: Any, amount: Decimal, kind: str | None = None) -> None:
        wizard = invoice.click("pay")
        wizard.form.amount = amount
        wizard.form.payment_method = self.cash
        wizard.execute("choice")
        if kind:
            wizard.form.type = kind
            wizard.execute("pay")

    def dunning(self) -> None:
        wizard = Wizard("account.dunning.create")
        wizard.form.date = self.today
        wizard.execute("create_")

    def users(self) -> None:
        retired = self.customers[NAMES.index("Retired Inc")]
        retired.active = False
        retired.save()
        groups = ("Accounting", "Payment", "Dunning", "Sales", "Stock")
        self.user("odata", *groups)
        self.user("seller", "Sales")

    def user(self, login: str, *groups: str) -> None:
        user = each("res.user", name=login.title(), login=login, password=PASSWORD)
        for name in groups:
            user.groups.append(one("res.group", ("name", "=", name)))
        company = Model.get("company.company")
        user.companies.append(company(self.company_record.id))
        user.company = company(self.company_record.id)
        user.save()


if __name__ == "__main__":
    main(*sys.argv[1:])
